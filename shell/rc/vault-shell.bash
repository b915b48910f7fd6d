# vault-shell for bash. In ~/.bashrc: eval "$(vault-shell rc bash)"
#
# Completes the words of vault-shell. In a session also: a mark in the prompt, names after "$VAULT<, and a warning of
# placeholders without quotes. Does nothing in a shell that is not interactive, and nothing when loaded again.

if [[ $- == *i* && -z ${__vault_shell_loaded-} ]] && ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 404)); then

__vault_shell_loaded=1

# Completion: what vault-shell says may stand there. It asks nobody anything.
__vault_shell_complete() {
  if __vault_shell_complete_name "$2"; then return 0; fi
  mapfile -t COMPREPLY < <(
    command vault-shell rc complete "${COMP_WORDS[@]:1:COMP_CWORD - 1}" "$2" 2>/dev/null </dev/null
  )
}

# Completes the name of a placeholder that is open at the cursor; false where none is. $1: the word, as readline cuts it.
__vault_shell_complete_name() {
  local line=${COMP_LINE:0:COMP_POINT} typed name
  if [[ ! $line =~ \$VAULT(_FILE)?'<'([A-Za-z0-9_./-]*)$ ]]; then return 1; fi
  typed=${BASH_REMATCH[2]}
  COMPREPLY=()
  while IFS= read -r name; do
    if [[ $name == "$typed"* ]]; then COMPREPLY+=("${1%"$typed"}$name>"); fi
  done < <(command vault-shell rc names 2>/dev/null </dev/null)
  # Not a file, and more may follow.
  compopt +o filenames +o default +o bashdefault -o nospace 2>/dev/null || :
}

complete -o default -F __vault_shell_complete vault-shell

if [[ -n ${VAULT_SHELL_SESSION-} ]]; then

# Around the completion function $1 of any command: names of placeholders first.
__vault_shell_around() {
  local completer=$1 status=0
  shift
  if __vault_shell_complete_name "$2"; then return 0; fi
  "$completer" "$@" || status=$?
  # It has loaded another one for this command, which is asked next.
  if [[ $status == 124 ]]; then __vault_shell_wrap < <(complete -p -- "$1" 2>/dev/null); fi
  return "$status"
}

# Puts the above around the completions on stdin, as `complete -p` prints them.
__vault_shell_wrap() {
  local spec completer
  while IFS= read -r spec; do
    if [[ $spec == *' -F __vault_shell_'* ]]; then continue; fi
    if [[ $spec =~ ^(complete .*-F )([A-Za-z0-9_.:+-]+)( .*)$ ]]; then
      completer=${BASH_REMATCH[2]}
      eval "__vault_shell_around_$completer() { __vault_shell_around $completer \"\$@\" || return; }"
      eval "${BASH_REMATCH[1]}__vault_shell_around_$completer${BASH_REMATCH[3]}"
    elif [[ $spec != *' -F '* ]]; then
      # Lists of words and the like: a function adds to them.
      eval "complete -F __vault_shell_around_nothing ${spec#complete }"
    fi
  done
}

# Where no completion is known.
__vault_shell_around_nothing() { __vault_shell_around : "$@"; }

# Quoted pieces, then a placeholder that is not in one. Not after a comment begins.
__vault_shell_bare='^([^\"'\''#[:space:]]#*|[[:space:]]|\\(.|[[:space:]])|'\''[^'\'']*'\''|"([^\"]|\\.)*")*\\?\$VAULT(_FILE)?<([A-Za-z0-9_./-]*)'

# Warns of a placeholder without quotes in the line that was entered last, if it is newer than the last prompt.
__vault_shell_check() {
  local number='\!' line
  if [[ ${number@P} == "$__vault_shell_line" ]]; then return 0; fi
  line=$(HISTTIMEFORMAT='' builtin history 1)
  if [[ $line != *'$VAULT'*'<'* ]]; then return 0; fi
  # The rest may be a here-document, where they need none.
  if [[ $line == *'<<'* ]]; then line=${line%%$'\n'*}; fi
  if [[ $line =~ $__vault_shell_bare ]]; then
    line="\$VAULT${BASH_REMATCH[4]}<${BASH_REMATCH[5]:-name}>"
    printf 'vault-shell: warning: without quotes %s is a redirection: write "%s"\n' "$line" "$line" >&2
  fi
}

__vault_shell_prompt() {
  local status=$? number='\!'
  # Now what comes after this file in .bashrc is there.
  if [[ -z $__vault_shell_ready ]]; then
    __vault_shell_ready=1
    if ! complete -p -D >/dev/null 2>&1; then
      complete -o bashdefault -o default -F __vault_shell_around_nothing -D
    fi
    __vault_shell_wrap < <(complete -p)
  elif [[ -z $__vault_shell_parsed ]]; then
    # The line was no command: the shell did not get as far as PS0.
    __vault_shell_check
  fi
  __vault_shell_parsed=''
  __vault_shell_line=${number@P}
  if [[ ${PS1-} != *'(vault) '* ]]; then PS1="(vault) ${PS1-}"; fi
  # What comes after this in PROMPT_COMMAND may want it; with set -e it would end the shell.
  if [[ $- != *e* ]]; then return "$status"; fi
}

__vault_shell_ready='' __vault_shell_parsed='' __vault_shell_line=''
# Before a command runs. The arithmetic is for its effect: what is in parentheses happens in a process of its own.
PS0=${PS0-}'${__vault_shell_parsed:$((__vault_shell_parsed = 1, 0)):0}$(__vault_shell_check)'
if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501)); then
  # Not as the first element: that is the one that `PROMPT_COMMAND=...` replaces.
  PROMPT_COMMAND=${PROMPT_COMMAND-}
  PROMPT_COMMAND+=(__vault_shell_prompt)
else
  PROMPT_COMMAND=${PROMPT_COMMAND:+$PROMPT_COMMAND$'\n'}__vault_shell_prompt
fi

fi
fi
