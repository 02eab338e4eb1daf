"""What each shell evaluates to complete `barnabas`: all of them ask `barnabas completion words`.

An answer is a line for each word, with a tab and a description behind it; or `:files`, which leaves it to the shell.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FILES: Final = ":files"

# Words are taken from the line as it is: bash would split them at colons and equals signs, which host:port, topic:0 and
# --acks=all have. It replaces only what is behind the last of these, so that is all it may be given.
_BASH: Final = r"""
_barnabas() {
    local line=${COMP_LINE:0:COMP_POINT} last kept="" word
    local -a words
    read -ra words <<< "$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    last=${words[${#words[@]} - 1]}
    [[ $last == *[:=]* ]] && kept=${last%"${last##*[:=]}"}
    COMPREPLY=()
    while IFS=$'\t' read -r word _; do
        if [[ $word == :files ]]; then
            compopt -o filenames 2> /dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "${last#"$kept"}")
            return
        fi
        COMPREPLY+=("${word#"$kept"}")
    done < <("${words[0]}" completion words -- "${words[@]:1}" 2> /dev/null)
}
complete -F _barnabas barnabas
"""

_ZSH: Final = r"""
#compdef barnabas
_barnabas() {
    local -a lines described
    local line word text
    lines=("${(@f)$("${words[1]}" completion words -- "${(@)words[2,CURRENT]}" 2> /dev/null)}")
    for line in $lines; do
        if [[ $line == :files ]]; then
            _files
            return
        fi
        word=${line%%$'\t'*} text=${line#*$'\t'}
        described+=("${word//:/\\:}${text:+:$text}")
    done
    (( ${#described} )) && _describe barnabas described
}
if [[ ${zsh_eval_context[-1]} == loadautofunc ]]; then
    _barnabas "$@"
else
    compdef _barnabas barnabas
fi
"""

_FISH: Final = r"""
function __barnabas_words
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($before[1] completion words -- $before[2..-1] "$current" 2> /dev/null)
    if test "$lines" = :files
        __fish_complete_path "$current"
    else
        printf '%s\n' $lines
    end
end
complete --command barnabas --no-files --arguments '(__barnabas_words)'
"""

SCRIPTS: Final[Mapping[str, str]] = {"bash": _BASH.lstrip(), "zsh": _ZSH.lstrip(), "fish": _FISH.lstrip()}
