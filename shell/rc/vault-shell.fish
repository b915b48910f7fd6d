# vault-shell for fish. In config.fish: vault-shell rc fish | source
#
# Completes the words of vault-shell. In a session also: a mark in the prompt, names after "$VAULT<, and a warning of
# placeholders without quotes. Does nothing in a shell that is not interactive, and nothing when loaded again.

if status is-interactive; and not functions -q __vault_shell_complete

    # Completion: what vault-shell says may stand there. It asks nobody anything.
    function __vault_shell_complete
        set -l words (commandline -opc)[2..-1] (commandline -ct)
        set -l found (command vault-shell rc complete $words 2>/dev/null </dev/null)
        if set -q found[1]
            printf '%s\n' $found
        else
            __fish_complete_path (commandline -ct)
        end
    end

    complete -c vault-shell -f -a '(__vault_shell_complete)'

    if set -q VAULT_SHELL_SESSION

        # Completes the name of a placeholder that is open at the cursor. In the line itself: without quotes fish would
        # look for files.
        function __vault_shell_tab
            if not string match -qr '\$VAULT(_FILE)?<(?<typed>[A-Za-z0-9_./-]*)$' -- (commandline -cb)
                commandline -f complete
                return
            end
            set -l found (command vault-shell rc names 2>/dev/null </dev/null | string match -r '^'(string escape --style=regex -- "$typed")'.*')
            if test (count $found) -eq 1
                commandline -i -- (string sub -s (math 1 + (string length -- "$typed")) -- $found)'>'
            else if set -q found[1]
                set -l common $found[1]
                while string match -qvr '^'(string escape --style=regex -- "$common") -- $found
                    set common (string sub -e -1 -- $common)
                end
                if test "$common" = "$typed"
                    echo
                    string join '  ' -- $found
                    commandline -f repaint
                end
                commandline -i -- (string sub -s (math 1 + (string length -- "$typed")) -- $common)
            end
        end

        # Quoted pieces, then a placeholder that is not in one. Not after a comment begins.
        set -g __vault_shell_bare '(?s)^([^\\\\"\'#\s]#*|\s|\\\\.|\'([^\\\\\']|\\\\.)*\'|"([^\\\\"]|\\\\.)*")*\\\\?\$VAULT(?<kind>_FILE)?<(?<name>[A-Za-z0-9_./-]*)'

        # Warns of a placeholder without quotes in a line that is run, or that fish cannot run.
        function __vault_shell_check --on-event fish_preexec --on-event fish_posterror
            if string match -qr $__vault_shell_bare -- "$argv[1]"
                test -n "$name"; or set name name
                set -l right "\$VAULT$kind<$name>"
                echo "vault-shell: warning: without quotes $right is a redirection: write \"$right\"" >&2
            end
        end

        # Before the first prompt, when what comes after this file in config.fish is there. The mark has a function of its
        # own, which fish calls before that of the prompt: so that one still finds the status of the last command.
        function __vault_shell_start --on-event fish_prompt
            functions -e __vault_shell_start
            if functions -q fish_mode_prompt
                functions -c fish_mode_prompt __vault_shell_mode_prompt
            else
                function __vault_shell_mode_prompt
                end
            end
            function fish_mode_prompt
                echo -n '(vault) '
                __vault_shell_mode_prompt
            end
            # Where Tab is the user's own it stays so.
            for mode in default insert
                if test (bind -M $mode \t 2>/dev/null | string match -rv -- --preset | count) -eq 0
                    bind -M $mode \t __vault_shell_tab
                end
            end
        end
    end
end
