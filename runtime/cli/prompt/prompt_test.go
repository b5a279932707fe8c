package prompt_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runtime/cli/prompt"
	"github.com/openfroyo/froyo/runtime/cli/prompt/ptytest"
)

// TestMain is the program on the terminal where a test asks for it: it says what it reads.
func TestMain(m *testing.M) {
	if os.Getenv("PROMPT_TEST") == "" {
		os.Exit(m.Run())
	}
	if err := program(); err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

func program() error {
	n := 0
	p, err := prompt.New(prompt.Options{
		Prompt: func() string { n++; return fmt.Sprintf("%d hosts> ", n) },
		More:   "... ",
		Unfinished: func(text string) bool {
			return strings.Count(text, "(") > strings.Count(text, ")")
		},
		Complete: func(text string, cursor int) prompt.Completion {
			if strings.HasPrefix(text, "panic") {
				panic("completion is broken")
			}
			from := strings.LastIndexAny(text[:cursor], " (") + 1
			return prompt.Completion{From: from, Items: []prompt.Item{
				{Value: "webserver1", Doc: "first of its kind"},
				{Value: "webserver2", Doc: "first of its kind"},
				{Value: "größe_db", NoSpace: true},
				{Value: "uptime"},
				{Value: "evil\x1b]0;owned\a", Display: "evil\x1b[2J"},
				{Value: "shown", Display: "shown\x1b[2J"},
				{Value: strings.Repeat("x", 300), Doc: "first of its kind"},
			}}
		},
		History: os.Getenv("PROMPT_HISTORY"),
	})
	if err != nil {
		return err
	}
	defer p.Close()
	if os.Getenv("PROMPT_TEST") == "close" {
		time.AfterFunc(500*time.Millisecond, func() { p.Close() })
	}
	if os.Getenv("PROMPT_TEST") == "interrupt" {
		pressed := make(chan os.Signal, 1)
		signal.Notify(pressed, os.Interrupt)
		go func() {
			for range pressed {
				p.Interrupt()
			}
		}()
	}
	for {
		text, err := p.Read()
		switch {
		case errors.Is(err, prompt.ErrInterrupted):
			fmt.Println("interrupted")
			if os.Getenv("PROMPT_BUSY") != "" { // it does something meanwhile
				time.Sleep(500 * time.Millisecond)
			}
		case errors.Is(err, io.EOF):
			fmt.Println("bye")
			return nil
		case err != nil:
			return err
		case text == "sleep":
			time.Sleep(time.Minute)
		default:
			fmt.Printf("read %q\n", text)
		}
	}
}

func start(t *testing.T, columns int, env ...string) *ptytest.Session {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), append([]string{"PROMPT_TEST=1", "TERM=xterm", "NO_COLOR=", "INPUTRC=/dev/null"}, env...)...)
	return ptytest.Start(t, cmd, columns, 24)
}

// ready waits for the prompt of an entry. What is typed before it is typed at a terminal that is not raw, which keeps some
// keys for itself: Ctrl-R, Ctrl-C, Ctrl-D.
func ready(s *ptytest.Session, entry int) {
	s.Wait(fmt.Sprintf("%d hosts> ", entry))
	s.Until("raw terminal", func(string) bool { return s.Raw() })
}

func TestTyping(t *testing.T) {
	for _, tt := range []struct{ name, keys, want string }{
		{"a line", "uptime -p\r", `read "uptime -p"`},
		{"letters that are wide or combine", "echo 日本 é e\u0301 👩\u200d💻\r", fmt.Sprintf("read %q", "echo 日本 é e\u0301 👩\u200d💻")},
		{"editing", "upptime\x1b[D\x1b[D\x1b[D\x1b[D\x7f\r", `read "uptime"`},
		{"a long line", strings.Repeat("0123456789", 20) + "\x01>\r", fmt.Sprintf("read %q", ">"+strings.Repeat("0123456789", 20))},
		{"several lines", "f(1,\r2)\r", `read "f(1,\n2)"`},
		{"a paste of several lines", "\x1b[200~f(a\r  b)\rc\x1b[201~\r", `read "f(a\n  b)\nc"`},
		{"a paste of what acts on the terminal", "\x1b[200~a\x1b]0;owned\ab\u202ec\x1b[201~\r", `read "a]0;ownedbc"`},
		{"Ctrl-C drops the line", "half\x03whole\r", `read "whole"`},
		{"lines typed ahead", "one\rtwo\r", `read "two"`},
	} {
		for _, columns := range []int{80, 200} {
			t.Run(fmt.Sprint(tt.name, " ", columns), func(t *testing.T) {
				s := start(t, columns)
				s.Wait("1 hosts> ")
				s.Type(tt.keys)
				s.Until(tt.want, func(screen string) bool {
					return strings.Contains(strings.ReplaceAll(screen, "\n", ""), strings.ReplaceAll(tt.want, "\n", ""))
				})
				s.Until("next prompt", func(screen string) bool { return s.Raw() && strings.HasSuffix(screen, "hosts>") })
				s.Type("\x04")
				s.Wait("bye")
				if code := s.End(); code != 0 || s.Raw() {
					t.Errorf("exit code %d, raw: %t\n%s", code, s.Raw(), s.Screen())
				}
			})
		}
	}
}

// TestScreen is what several lines look like, wrapped ones among them.
func TestScreen(t *testing.T) {
	s := start(t, 40)
	s.Wait("1 hosts> ")
	s.Type("f(" + strings.Repeat("a", 29) + ",\r" + strings.Repeat("b", 31) + ",\r" + strings.Repeat("c", 40) + ",\rd)\r")
	s.Wait("read")
	want := []string{
		"1 hosts> f(" + strings.Repeat("a", 29),
		",",
		"...      " + strings.Repeat("b", 31),
		",",
		"...      " + strings.Repeat("c", 31),
		strings.Repeat("c", 9) + ",",
		"...      d)",
		`read "f(`,
	}
	if got := s.Screen(); !strings.HasPrefix(got, strings.Join(want, "\n")) {
		t.Errorf("the screen is\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func TestCompletion(t *testing.T) {
	s := start(t, 80)
	s.Wait("1 hosts> ")
	s.Type("run we\t")
	s.Wait("webserver1")
	s.Wait("first of its kind")
	s.Wait("1 hosts> run webserver")
	s.Type("\t\t\r")
	s.Wait(`read "run webserver2 "`)
	ready(s, 2)
	s.Type("upt\tx\r")
	s.Wait(`read "uptime x"`)
	ready(s, 3)
	s.Type("f(größe_\t)\r")
	s.Wait(`read "f(größe_db)"`)
	ready(s, 4)
	s.Type("ev\t sh\t")
	s.Wait("ev shown")
	s.Type("\x03")
	ready(s, 5)
	s.Type("f(\t")
	s.Wait(`shown\x1b[2J`)
	s.Type("\x03\x03") // the list, then the line
	ready(s, 6)
	s.Type("panic \t\x03ok\r")
	s.Wait(`read "ok"`)
	if b := s.Bytes(); strings.Contains(b, "owned") || strings.Contains(b, "\x1b[2J") {
		t.Errorf("a candidate acted on the terminal: %q", b)
	}
}

func TestNoColor(t *testing.T) {
	s := start(t, 80, "NO_COLOR=1")
	s.Wait("1 hosts> ")
	s.Type("f(\t")
	s.Wait("webserver1")
	if b := s.Bytes(); strings.Contains(b, "\x1b[3") || strings.Contains(b, "\x1b[1;3") {
		t.Errorf("colours: %q", b)
	}
}

func TestHistory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "below", "history")
	s := start(t, 80, "PROMPT_HISTORY="+file)
	s.Wait("1 hosts> ")
	s.Type("first\rf(1,\r2)\r hidden\r")
	s.Wait(`read " hidden"`)
	ready(s, 4)
	s.Type("\x04")
	s.End()
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info, err)
	}
	if err := os.WriteFile(file, append([]byte("\"evil\\u001b[2J\"\nrubbish\n"), read(t, file)...), 0o600); err != nil {
		t.Fatal(err)
	}
	s = start(t, 80, "PROMPT_HISTORY="+file)
	s.Wait("1 hosts> ")
	s.Type("\x1b[A")
	s.Wait("...      2)")
	s.Type("\r")
	s.Wait(`read "f(1,\n2)"`)
	ready(s, 2)
	s.Type("\x1b[A\x1b[A\x1b[A\r")
	s.Wait(`read "first"`)
	ready(s, 3)
	s.Type("\x12evi")
	s.Wait("evil[2J")
	if got := string(read(t, file)); strings.Contains(got, "hidden") {
		t.Errorf("a line that begins with a space was kept: %s", got)
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestHistoryIsCapped also holds that an entry of many lines is one.
func TestHistoryIsCapped(t *testing.T) {
	file := filepath.Join(t.TempDir(), "history")
	var data strings.Builder
	for i := range 11_500 {
		fmt.Fprintf(&data, "\"entry %d\\nits second line\"\n", i)
	}
	if err := os.WriteFile(file, []byte(data.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, 80, "PROMPT_HISTORY="+file)
	s.Wait("1 hosts> ")
	s.Type("\x1b[A\r")
	s.Wait(`read "entry 11499\nits second line"`)
	if n := strings.Count(string(read(t, file)), "\n"); n != 10_000 {
		t.Errorf("%d entries are kept", n)
	}
}

// TestTerminal: between two entries the terminal is as it was found, and after whatever ends the program.
func TestTerminal(t *testing.T) {
	t.Run("Ctrl-C is a signal while nothing is read", func(t *testing.T) {
		s := start(t, 80)
		s.Wait("1 hosts> ")
		s.Type("sleep\r")
		s.Until("settings of the terminal", func(string) bool { return !s.Raw() })
		s.Type("\x03")
		if code := s.End(); code != -1 {
			t.Errorf("exit code %d, want death by the signal", code)
		}
	})
	t.Run("closed while it reads", func(t *testing.T) {
		s := start(t, 80, "PROMPT_TEST=close")
		s.Wait("1 hosts> ")
		s.Wait("the prompt is closed")
		if code := s.End(); code != 1 || s.Raw() {
			t.Errorf("exit code %d, raw: %t", code, s.Raw())
		}
	})
	t.Run("resized", func(t *testing.T) {
		s := start(t, 80)
		s.Wait("1 hosts> ")
		s.Type("echo " + strings.Repeat("a", 60))
		s.Wait("aaaa")
		s.Resize(50, 24)
		time.Sleep(100 * time.Millisecond)
		s.Type("b\r")
		s.Wait(`read "echo aaa`)
		ready(s, 2)
		s.Resize(120, 30)
		s.Type("again\r")
		s.Wait(`read "again"`)
	})
}

func TestDumbTerminal(t *testing.T) {
	s := start(t, 80, "TERM=dumb", "PROMPT_HISTORY="+filepath.Join(t.TempDir(), "history"))
	s.Wait("1 hosts> ")
	s.Type("f(1,\n")
	s.Wait("... ")
	s.Type("2)\n")
	s.Wait(`read "f(1,\n2)"`)
	s.Type("\x04")
	s.Wait("bye")
	if b := s.Bytes(); strings.Contains(b, "\x1b") {
		t.Errorf("escape sequences: %q", b)
	}
}

func TestInputrc(t *testing.T) {
	for _, tt := range []struct{ name, text, keys, want string }{
		{"honoured", "\"\\C-t\": \"typed by a macro\"\n", "\x14", `read "typed by a macro"`},
		{"includes itself", "$include INPUTRC\n", "still here", `read "still here"`},
		{"rubbish", "$if\n\x00\xff\"\\C-\n\"a\": \nset editing-mode banana\n$endif\n$endif\n", "still here", `read "still here"`},
		{"takes letters for commands", "set convert-meta on\n", "ö", `read "ö"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "inputrc")
			if err := os.WriteFile(file, []byte(strings.ReplaceAll(tt.text, "INPUTRC", file)), 0o600); err != nil {
				t.Fatal(err)
			}
			s := start(t, 80, "INPUTRC="+file)
			s.Wait("1 hosts> ")
			s.Type(tt.keys)
			if tt.name == "honoured" {
				s.Wait("typed by a macro")
			}
			s.Type("\r")
			s.Wait(tt.want)
		})
	}
}

func TestPipe(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PROMPT_TEST=1")
	cmd.Stdin = strings.NewReader("one\r\nf(1,\n2)\n\nlast(")
	out, err := cmd.CombinedOutput()
	if want := "read \"one\"\nread \"f(1,\\n2)\"\nread \"\"\nread \"last(\"\nbye\n"; err != nil || string(out) != want {
		t.Errorf("%v\n%s\nwant\n%s", err, out, want)
	}
}

// TestMuteTerminal: a terminal that does not say where its cursor is has plain lines.
func TestMuteTerminal(t *testing.T) {
	s := start(t, 80)
	s.Mute()
	s.Wait("lines are read without the line")
	s.Type("uptime\n")
	s.Wait(`read "uptime"`)
	s.Type("\x1b[5;5Ruptime -p\n") // it has said so in the end
	s.Wait(`read "uptime -p"`)
	s.Type("\x1b[Arm x\nid\n")
	s.Wait("[Arm x: it has control characters, and is dropped")
	s.Wait(`read "id"`)
	s.Type("\x04")
	s.Wait("bye")
	if screen := s.Screen(); strings.Contains(screen, `rm x"`) {
		t.Errorf("a line with control characters was read:\n%s", screen)
	}
}

// TestTypedAhead: what was typed before the terminal was raw is read as if it were typed now.
func TestTypedAhead(t *testing.T) {
	s := start(t, 80)
	s.Type("one\rtwo\r")
	s.Wait(`read "two"`)
	if b := s.Bytes(); strings.Contains(b, "getCursorPos") {
		t.Errorf("the editor complains: %q", b)
	}
}

// TestInterruptedLine: Ctrl-C drops a plain line, and not the session.
func TestInterruptedLine(t *testing.T) {
	s := start(t, 80, "TERM=dumb", "PROMPT_TEST=interrupt")
	for i, keys := range []string{"half\x03", "f(1,\n2\x03"} {
		s.Wait(fmt.Sprint(i+1, " hosts> "))
		s.Type(keys)
		s.Until("interrupted", func(screen string) bool { return strings.Count(screen, "interrupted") == i+1 })
	}
	s.Wait("3 hosts> ")
	s.Type("whole\n")
	s.Wait(`read "whole"`)
	s.Type("\x04")
	s.Wait("bye")
}

// TestInterruptedAhead: what was typed ahead of Ctrl-C is dropped, also where it was read in the meantime.
func TestInterruptedAhead(t *testing.T) {
	s := start(t, 80, "TERM=dumb", "PROMPT_TEST=interrupt", "PROMPT_BUSY=yes")
	s.Wait("1 hosts> ")
	s.Type("\x03")
	s.Wait("interrupted")
	s.Type("gone\n")
	s.Wait("gone")
	time.Sleep(50 * time.Millisecond)
	s.Type("\x03")
	s.Wait("2 hosts> ")
	s.Type("whole\n")
	s.Wait(`read "whole"`)
	if screen := s.Screen(); strings.Contains(screen, `read "gone"`) {
		t.Errorf("the line before Ctrl-C was read:\n%s", screen)
	}
}
