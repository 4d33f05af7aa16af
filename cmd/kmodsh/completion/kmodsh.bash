# Completion of kmodsh for bash. Use it by: source <(kmodsh completion bash)
_kmodsh() {
    local line=${COMP_LINE:0:COMP_POINT} words text prefix
    # bash cuts words at : and =, kmodsh does not.
    read -r -a words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    local word=${words[${#words[@]} - 1]}
    COMPREPLY=()
    while IFS=$'\t' read -r text _; do
        COMPREPLY+=("$text")
    done < <("${words[0]}" completion words "${words[@]:1}" 2>/dev/null)
    if [[ $word == *[:=]* ]]; then
        prefix=${word%"${word##*[:=]}"}
        COMPREPLY=("${COMPREPLY[@]#"$prefix"}")
    fi
    # What ends in = goes on.
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=/] ]] && compopt -o nospace 2>/dev/null
}
complete -o default -F _kmodsh kmodsh
