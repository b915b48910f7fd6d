# vault-shell for zsh. In ~/.zshrc: eval "$(vault-shell rc zsh)"
#
# Completes the words of vault-shell, where compinit is in use. In a session also: a mark in the prompt, names after
# "$VAULT<, and a warning of placeholders without quotes. Does nothing in a shell that is not interactive, and nothing
# when loaded again.

if [[ -o interactive ]] && (( ! ${+functions[__vault_shell_precmd]} )); then

# Completion: what vault-shell says may stand there. It asks nobody anything.
__vault_shell_complete() {
  local -a found
  found=(${(f)"$(command vault-shell rc complete "${(@Q)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null </dev/null)"})
  if (( $#found )); then compadd -- $found; else _default; fi
}

# Completes the name of a placeholder that is open at the cursor. In the line itself: completion would first put the
# value of $VAULT for it, and take its quotes away.
__vault_shell_tab() {
  emulate -L zsh
  local MATCH MBEGIN MEND typed common
  local -a match mbegin mend found
  if [[ ! $LBUFFER =~ '\$VAULT(_FILE)?<([A-Za-z0-9_./-]*)$' ]]; then
    zle "$__vault_shell_tab_before"
    return 0
  fi
  typed=$match[2]
  found=(${(M)${(f)"$(command vault-shell rc names 2>/dev/null </dev/null)"}:#${(b)typed}*})
  if (( $#found == 1 )); then
    LBUFFER+=${found[1]#$typed}'>'
  elif (( $#found )); then
    common=$found[1]
    while [[ -n ${found:#${(b)common}*} ]]; do common=${common%?}; done
    if [[ $common == $typed ]]; then zle -M "${(j:  :)found}"; fi
    LBUFFER+=${common#$typed}
  fi
}

# Quoted pieces, then a placeholder that is not in one. Not after a comment begins.
__vault_shell_bare='^([^\\"'\''#[:space:]]#*|[[:space:]]|\\(.|[[:space:]])|'\''[^'\'']*'\''|"([^\\"]|\\.)*")*\\?\$VAULT(_FILE)?<([A-Za-z0-9_./-]*)'

# Warns of a placeholder without quotes in a line.
__vault_shell_check() {
  emulate -L zsh
  local line=$1 MATCH MBEGIN MEND
  local -a match mbegin mend
  if [[ $line != *'$VAULT'*'<'* ]]; then return 0; fi
  # The rest may be a here-document, where they need none.
  if [[ $line == *'<<'* ]]; then line=${line%%$'\n'*}; fi
  if [[ $line =~ $__vault_shell_bare ]]; then
    line="\$VAULT${match[4]}<${match[5]:-name}>"
    print -ru2 -- "vault-shell: warning: without quotes $line is a redirection: write \"$line\""
  fi
}

__vault_shell_preexec() {
  __vault_shell_line=''
  __vault_shell_check "$1"
}

# Of every line that is entered, with the lines that it goes on from.
__vault_shell_line_finish() {
  __vault_shell_line=$PREBUFFER$BUFFER
}

__vault_shell_precmd() {
  emulate -L zsh
  # The line was no command: the shell did not get as far as preexec.
  if [[ -n $__vault_shell_line ]]; then __vault_shell_check "$__vault_shell_line"; fi
  __vault_shell_line=''
  if (( ! __vault_shell_ready )); then __vault_shell_start; fi
  if [[ -z ${VAULT_SHELL_SESSION-} ]]; then return 0; fi
  # A theme may set the prompt anew each time: this one comes last.
  if [[ $precmd_functions[-1] != __vault_shell_precmd ]]; then
    precmd_functions=(${precmd_functions:#__vault_shell_precmd} __vault_shell_precmd)
  fi
  if [[ ${PROMPT-} != *'(vault) '* ]]; then PROMPT="(vault) ${PROMPT-}"; fi
}

# Before the first prompt, when what comes after this file in .zshrc is there.
__vault_shell_start() {
  __vault_shell_ready=1
  if (( ${+functions[compdef]} )); then compdef __vault_shell_complete vault-shell; fi
  if [[ -z ${VAULT_SHELL_SESSION-} ]]; then
    add-zsh-hook -d precmd __vault_shell_precmd
    return 0
  fi
  add-zsh-hook preexec __vault_shell_preexec
  add-zle-hook-widget line-finish __vault_shell_line_finish
  __vault_shell_tab_before=${"$(bindkey '^I')"##* }
  zle -N __vault_shell_tab
  bindkey '^I' __vault_shell_tab
}

__vault_shell_line='' __vault_shell_tab_before='' __vault_shell_ready=0
autoload -Uz add-zsh-hook add-zle-hook-widget
add-zsh-hook precmd __vault_shell_precmd

fi
