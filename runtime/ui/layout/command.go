package layout

import (
	"regexp"
	"slices"
	"strings"
)

// programs are those that messages tell to run. Of a command they are the first word.
var programs = []string{
	"froyo", "chmod", "chown", "mkdir", "mv", "rm", "export", "sudo", "systemctl", "apt-get", "ssh", "ssh-add", "ssh-keygen", "ssh-keyscan",
}

// nouns are the commands of froyo that have commands of their own.
var nouns = []string{"inventory", "lock", "queue", "runs", "state"}

var (
	name       = regexp.MustCompile(`^[a-z]+$`)
	assignment = regexp.MustCompile(`^[A-Za-z_]+=`)
	// argument is what is no word of a sentence: a flag, a placeholder, a path, a number, what has a value.
	argument = regexp.MustCompile(`^-|^[A-Z][A-Z_.]+$|[0-9/=:$*@'"\[]|[a-z]\.[a-z]`)
)

// afterCommand is where the command ends that begins with word i, or i+1 where none does. Where it cannot be told from
// the sentence around it, it may take a word too many.
func afterCommand(words []piece, i int) int {
	n := i
	for n < len(words) && assignment.MatchString(words[n].text) {
		n++
	}
	if n == len(words) || !slices.Contains(programs, words[n].text) {
		return i + 1
	}
	if words[n].text == "froyo" && n+1 < len(words) {
		if noun, ended := bare(words[n+1].text); name.MatchString(noun) {
			if n++; ended {
				return n + 1
			}
			if slices.Contains(nouns, noun) && n+1 < len(words) {
				n++
			}
		}
	}
	for ; n+1 < len(words); n++ {
		if _, ended := bare(words[n].text); ended {
			break
		}
		next, _ := bare(words[n+1].text)
		value := strings.HasPrefix(words[n].text, "--") && !strings.Contains(words[n].text, "=")
		if !argument.MatchString(next) && !value {
			break
		}
	}
	return n + 1
}

// bare is a word without the marks of a sentence, and whether one of them ends the command.
func bare(word string) (text string, ended bool) {
	text = strings.TrimRight(word, ",;:)")
	return text, text != word
}
