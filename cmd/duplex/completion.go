package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/duplex-go/duplex/endpoint"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is what "duplex completion --help" adds.
func (completionCmd) Help() string {
	return `For example, in ~/.bashrc: eval "$(duplex completion bash)"`
}

func (c completionCmd) Run(s *session, app *kong.Kong) error {
	if c.Shell == "fish" {
		return fishCompletion(s.out, app.Model)
	}
	if c.Shell == "zsh" {
		// zsh runs completions of bash.
		fmt.Fprintln(s.out, "autoload -U +X bashcompinit && bashcompinit")
	}
	return bashCompletion(s.out, app.Model)
}

// words returns what may follow a command: its flags, and the beginnings of
// endpoints where it takes them.
func words(cmd *kong.Node) string {
	var list []string
	for _, f := range cmd.Flags {
		list = append(list, "--"+f.Name)
	}
	if takesEndpoint(cmd) {
		list = append(list, "listen:")
		for _, s := range endpoint.Schemes() {
			if s.Name != "stdio" {
				list = append(list, s.Name+":")
			}
		}
	}
	for _, p := range cmd.Positional {
		if p.Tag.Enum != "" {
			list = append(list, strings.Fields(strings.ReplaceAll(p.Tag.Enum, ",", " "))...)
		}
	}
	return strings.Join(list, " ")
}

// takesEndpoint reports whether an argument of cmd is an endpoint.
func takesEndpoint(cmd *kong.Node) bool {
	for _, p := range cmd.Positional {
		if p.Name == "url" || p.Name == "a" {
			return true
		}
	}
	return false
}

func bashCompletion(w io.Writer, app *kong.Application) error {
	var names []string
	var cases strings.Builder
	for _, cmd := range app.Children {
		names = append(names, cmd.Name)
		fmt.Fprintf(&cases, "    %s) words=%q ;;\n", cmd.Name, words(cmd))
	}
	_, err := fmt.Fprintf(w, `_duplex() {
  local current=${COMP_WORDS[COMP_CWORD]} words=
  if [ "$COMP_CWORD" -eq 1 ]; then
    words=%q
  else
    case ${COMP_WORDS[1]} in
%s    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  case ${COMPREPLY-} in *:) compopt -o nospace 2>/dev/null ;; esac
  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -F _duplex duplex
`, strings.Join(names, " "), cases.String())
	return err
}

func fishCompletion(w io.Writer, app *kong.Application) error {
	fmt.Fprintln(w, "complete -c duplex -n __fish_use_subcommand -f")
	for _, cmd := range app.Children {
		fmt.Fprintf(w, "complete -c duplex -n __fish_use_subcommand -a %s -d %s\n", cmd.Name, fishQuote(cmd.Help))
		here := "-n " + fishQuote("__fish_seen_subcommand_from "+cmd.Name)
		for _, f := range cmd.Flags {
			fmt.Fprintf(w, "complete -c duplex %s -l %s -d %s\n", here, f.Name, fishQuote(f.Help))
		}
		for word := range strings.FieldsSeq(words(cmd)) {
			if !strings.HasPrefix(word, "--") {
				fmt.Fprintf(w, "complete -c duplex %s -a %s\n", here, word)
			}
		}
	}
	return nil
}

// fishQuote quotes s for fish.
func fishQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}
