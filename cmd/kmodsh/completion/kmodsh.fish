# Completion of kmodsh for fish. Use it by: kmodsh completion fish | source
function __kmodsh_words
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    $words[1] completion words $words[2..-1] "$word" 2>/dev/null
end
complete -c kmodsh -a '(__kmodsh_words)'
