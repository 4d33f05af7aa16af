# Completion of kmodsh for fish. Use it by: kmodsh completion fish | source
function __kmodsh_words
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    $words[1] completion words $words[2..-1] "$word" 2>/dev/null
end
# Files are for where kmodsh has nothing to say; its own come from it.
complete -c kmodsh -f -n 'count (__kmodsh_words) >/dev/null' -a '(__kmodsh_words)'
