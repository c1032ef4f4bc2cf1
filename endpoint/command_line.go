package endpoint

import (
	"runtime"
	"strings"
)

// backslashQuotes says that a backslash takes any next character as it is.
// Where it separates the parts of a path it only does so with a quote.
const backslashQuotes = runtime.GOOS != "windows"

// SplitCommand splits a command line into a program and its arguments at
// spaces and tabs. Double and single quotes keep them together, and a
// backslash takes the next character as it is, within double quotes only a
// quote or a backslash. Nothing is expanded, and no other character is special:
// this is no shell.
func SplitCommand(line string) ([]string, error) {
	var (
		args []string
		arg  strings.Builder
		in   bool // an argument has begun
	)
	quote, escaped := scanCommand(line, func(c byte, special bool) {
		switch {
		case special && (c == ' ' || c == '\t'):
			if in {
				args = append(args, arg.String())
			}
			arg.Reset()
			in = false
		case special: // a quote
			in = true
		default:
			arg.WriteByte(c)
			in = true
		}
	}, nil)
	switch {
	case quote != 0:
		return nil, usage("no closing %c", quote)
	case escaped:
		return nil, usage("nothing stands behind the last backslash")
	}
	if in {
		args = append(args, arg.String())
	}
	if len(args) == 0 || args[0] == "" {
		return nil, usage("no command")
	}
	if strings.Contains(line, "\x00") {
		return nil, usage("a zero byte cannot be part of a command")
	}
	return args, nil
}

// lastBareComma returns where the last comma outside of quotes stands, or -1.
func lastBareComma(line string) int {
	last := -1
	scanCommand(line, func(byte, bool) {}, func(i int) {
		if line[i] == ',' {
			last = i
		}
	})
	return last
}

// scanCommand calls each for every byte of the arguments, and for every
// separator and quote, which are special. bare, if not nil, is called with the
// index of every byte outside of quotes. It returns what is still open at the
// end.
func scanCommand(line string, each func(c byte, special bool), bare func(i int)) (quote byte, escaped bool) {
	for i := 0; i < len(line); i++ {
		c := line[i]
		var next byte
		if i+1 < len(line) {
			next = line[i+1]
		}
		switch {
		case escaped:
			escaped = false
			each(c, false)
		case quote == '\'' && c != '\'':
			each(c, false)
		case c == '\\' && (quote == '"' || !backslashQuotes) && next != '"' && (next != '\\' || !backslashQuotes):
			each(c, false)
		case c == '\\':
			escaped = true
		case quote != 0 && c == quote:
			quote = 0
			each(c, true)
		case quote != 0:
			each(c, false)
		case c == '"' || c == '\'':
			quote = c
			each(c, true)
		default:
			if bare != nil {
				bare(i)
			}
			each(c, c == ' ' || c == '\t')
		}
	}
	return quote, escaped
}
