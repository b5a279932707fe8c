package jinja_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja"
	"github.com/openfroyo/froyo/builtins/jinja/pyjson"
)

// oracle is a process that says what Ansible makes of templates, see testdata/oracle.py.
type oracle struct {
	in  io.WriteCloser
	out *bufio.Reader
}

// newOracle starts the oracle with the Python that Ansible runs with.
func newOracle(t *testing.T) *oracle {
	t.Helper()
	path, err := exec.LookPath("ansible")
	if err != nil {
		t.Skip("ansible is not installed: apt-get install --no-install-recommends ansible-core")
	}
	script, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	python, _, _ := strings.Cut(strings.TrimPrefix(string(script), "#!"), "\n")
	return start(t, strings.TrimSpace(python), "testdata/oracle.py")
}

// start runs a Python program that answers lines by lines.
func start(t *testing.T, python, program string) *oracle {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), python, "-B", program)
	home := t.TempDir()
	if err := os.WriteFile(home+"/ansible.cfg", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "LC_ALL=C.UTF-8", "TZ=UTC", "PYTHONHASHSEED=0",
		"ANSIBLE_LOCAL_TEMP=" + home, "ANSIBLE_JINJA2_EXTENSIONS=jinja2.ext.do,jinja2.ext.loopcontrols", "ANSIBLE_CONFIG=" + home + "/ansible.cfg",
	}
	stderr, err := os.Create(home + "/stderr")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait() // ended by the context or by its input
		stderr.Close()
	})
	return &oracle{in: in, out: bufio.NewReaderSize(out, 1<<20)}
}

// outcome is a text, or the fact of an error.
type outcome struct {
	Out   string `json:"out"`
	Error string `json:"error"`
}

func (o outcome) String() string {
	if o.Error != "" {
		return "error: " + o.Error
	}
	return strconv.Quote(o.Out)
}

// same is whether two outcomes are: the wording of errors is each one's own.
func (o outcome) same(other outcome) bool {
	return (o.Error != "") == (other.Error != "") && (o.Error != "" || o.Out == other.Out)
}

// render asks Ansible.
func (o *oracle) render(c *testCase) (outcome, error) { return o.renderWith(c, variables) }

func (o *oracle) renderWith(c *testCase, variables string) (outcome, error) {
	line, err := json.Marshal(map[string]any{"text": c.text(), "vars": json.RawMessage(variables), "files": c.files()})
	if err != nil {
		return outcome{}, err
	}
	if _, err := o.in.Write(append(line, '\n')); err != nil {
		return outcome{}, err
	}
	reply, err := o.out.ReadBytes('\n')
	if err != nil {
		return outcome{}, err
	}
	var out outcome
	return out, json.Unmarshal(reply, &out)
}

// unsaid are parts of what Ansible prints of values that have no text: addresses in memory, for which froyo has errors.
var unsaid = []string{" at 0x", "<Macro ", "<Block ", "<jinja2.", "<class ", "<built-in", "<ansible.", "<TemplateReference", "AnsibleUndefined(", "<LoopContext", "\ufffd"}

// refused are errors of froyo's own, where Ansible renders something.
var refused = []string{
	"the result is a complex number", // a power of a negative number, which no other operation takes
	"relpath depends on the working directory",
	"the result would have no order",                              // a set, as Ansible makes of two tuples or texts
	"the condition of the inline if is false, and it has no else", // asked for in an empty list
	"object is not subscriptable",                                 // a slice of a constant: Jinja makes it undefined before it renders, and fails with a variable
	"object cannot be interpreted as an integer",                  // a fraction as a number of levels
	"what base64 stands for is no text in UTF-8",                  // of which Python makes characters that no file can have
	"expected a URL as a text",                                    // of what is no text the parts are bytes
}

// faults are errors of Ansible 2.14 that froyo does not have.
var faults = []string{
	"takes too long",                      // of the test itself: an error of froyo's comes soon
	"cannot represent an object', Markup", // a text that was escaped, as YAML
	"expected str instance",               // super() and self.block() of a block that prints something other than texts
}

// judge is what Ansible makes of a template, as far as froyo must do the same.
func judge(said outcome, c *testCase, got outcome) outcome {
	for _, part := range unsaid {
		if strings.Contains(said.Out, part) {
			return outcome{Error: "a text that says nothing: " + said.Out}
		}
	}
	for _, why := range refused {
		if strings.Contains(got.Error, why) {
			return outcome{Error: "froyo refuses it: " + why}
		}
	}
	for _, fault := range faults {
		if strings.Contains(said.Error, fault) && got.Error == "" {
			return got
		}
	}
	if strings.Contains(said.Out, "Markup(") && got.Error == "" {
		return got // froyo does not tell texts that were escaped from others
	}
	if said.Out == c.text() && strings.Contains(said.Out, "{{") {
		if got.Error == "" { // what cannot be compiled may stand where it is never computed
			return got
		}
		return outcome{Error: "Ansible keeps the text of some templates that it cannot compile"}
	}
	return said
}

// anew are variables that are made each time they are looked up, as in Ansible: what one part of a template changes in
// a list that was given, another one does not see.
type anew struct{}

func (anew) Variable(name string) (starlark.Value, bool, error) {
	text, ok := variableTexts()[name]
	if !ok {
		return nil, false, nil
	}
	v, err := pyjson.Load(string(text))
	return v, true, err
}

func (anew) Names() []string { return nil }

// variableTexts are the texts of the variables.
var variableTexts = sync.OnceValue(func() map[string]json.RawMessage {
	var out map[string]json.RawMessage
	if err := json.Unmarshal([]byte(variables), &out); err != nil {
		panic(err)
	}
	return out
})

// rendered is what froyo makes of a template.
func rendered(t *testing.T, c *testCase) outcome {
	files := fstest.MapFS{}
	for name, text := range c.files() {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	out, err := jinja.New(files, nil).Text(jinja.Rendering{Context: t.Context(), Vars: anew{}, Limit: 20 * time.Second}, c.text())
	if err != nil {
		return outcome{Error: err.Error()}
	}
	return outcome{Out: out}
}

// TestAsAnsible: generated expressions and templates render as Ansible renders them: the same text, or an error in both.
// FROYO_JINJA_EXPRESSIONS and FROYO_JINJA_TEMPLATES say how many, FROYO_JINJA_SEED which ones.
func TestAsAnsible(t *testing.T) {
	seed := number(t, "FROYO_JINJA_SEED", 20261130)
	expressions, templates := number(t, "FROYO_JINJA_EXPRESSIONS", 4000), number(t, "FROYO_JINJA_TEMPLATES", 400)
	if testing.Short() {
		expressions, templates = 400, 40
	}
	var kinds []func(*gen) *testCase
	kinds = append(kinds, (*gen).expressionCase, (*gen).templateCase)
	for i, kind := range kinds {
		name, n := []string{"expressions", "templates"}[i], []int{expressions, templates}[i]
		t.Run(name, func(t *testing.T) {
			workers := min(runtime.GOMAXPROCS(0), 4)
			var mu sync.Mutex
			var differing []string
			texts := 0
			var wg sync.WaitGroup
			for w := range workers {
				o := newOracle(t)
				wg.Go(func() {
					for at := w; at < n; at += workers {
						c := kind(&gen{Rand: rand.New(rand.NewPCG(uint64(seed), uint64(at)))}) //nolint:gosec // a test's
						said, err := compare(t, o, c)
						if err != nil {
							t.Errorf("case %d: the oracle ended: %v\n%s", at, err, c)
							return
						}
						mu.Lock()
						if said.Error == "" {
							texts++
						}
						if found := shrunk(t, o, c); found != "" {
							differing = append(differing, fmt.Sprintf("case %d: %s", at, found))
						}
						stop := len(differing) >= maxDiffering
						mu.Unlock()
						if stop {
							return
						}
					}
				})
			}
			wg.Wait()
			for _, d := range differing {
				t.Error(d)
			}
			t.Logf("%d cases, %d of them texts, %d differ", n, texts, len(differing))
			if texts < n/4 && len(differing) < maxDiffering {
				t.Errorf("only %d of %d cases are no errors: the generator has gone astray", texts, n)
			}
		})
	}
}

// maxDiffering is how many differing cases are shown.
const maxDiffering = 40

func number(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// compare renders a case by both and notes what they made of it.
func compare(t *testing.T, o *oracle, c *testCase) (outcome, error) {
	c.got = rendered(t, c)
	said, err := o.render(c)
	c.said = judge(said, c, c.got)
	return c.said, err
}

// shrunk describes a case that differs by the smallest one that can be made of it and differs as well.
func shrunk(t *testing.T, o *oracle, c *testCase) string {
	if c.got.same(c.said) {
		return ""
	}
	tries := 0
	c.shrink(func() bool {
		tries++
		if tries > 400 {
			return false
		}
		_, err := compare(t, o, c)
		return err == nil && !c.got.same(c.said)
	})
	if _, err := compare(t, o, c); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s\nAnsible: %s\nfroyo:   %s", c, c.said, c.got)
}
