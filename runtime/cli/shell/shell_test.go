package shell

import (
	"slices"
	"testing"

	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/runtime/cli/client"
)

func TestUnfinished(t *testing.T) {
	for _, tt := range []struct {
		text string
		want bool
	}{
		{"uptime", false},
		{"echo 'a", true},
		{"echo 'a\nb'", false},
		{`echo "it's`, true},
		{`echo "it's"`, false},
		{`echo it\'s`, false},
		{`echo 'a\'`, false},
		{`echo a \`, true},
		{`echo a \\`, false},
		{"true # it's", false},
		{"echo $# it's", true}, // which is no comment
		{"true # it's\necho 'a", true},
		{"cat <<EOF", true},
		{"cat <<EOF\nrm -rf x", true},
		{"cat <<EOF\nit's\nEOF", false},
		{"cat <<EOF\n EOF", true},
		{"cat <<-EOF\n\tx\n\tEOF", false},
		{"cat <<'E F' | sort\nx\nE F", false},
		{"cat << \\EOF; cat <<\"B\"\nEOF\nx", true},
		{"cat << \\EOF; cat <<\"B\"\nEOF\nx\nB", false},
		{"cat <<EOF\nx\\\nEOF", true},
		{"cat <<'EOF'\nx\\\nEOF", false},
		{"cat <<<EOF", false},
		{"echo $((1<<2))", false},
		{"echo '<<EOF' \"<<EOF\" <<EOF", true},
		{"echo '<<EOF' \"<<EOF\" # <<EOF", false},
	} {
		if got := unfinished(tt.text); got != tt.want {
			t.Errorf("unfinished(%q) = %t", tt.text, got)
		}
	}
}

func TestSpecial(t *testing.T) {
	for _, tt := range []struct {
		text, name, rest string
		ok               bool
	}{
		{":limit  web:!h1 ", "limit", "web:!h1", true},
		{":quit", "quit", "", true},
		{": > /tmp/x", "", "> /tmp/x", false},
		{":", "", "", false},
		{"uptime", "uptime", "", false},
	} {
		if name, rest, ok := special(tt.text); ok != tt.ok || ok && (name != tt.name || rest != tt.rest) {
			t.Errorf("special(%q) = %q, %q, %t", tt.text, name, rest, ok)
		}
	}
}

func TestComplete(t *testing.T) {
	hosts := []*inventory.Host{{Name: "h1", Groups: []string{"web"}}, {Name: "h2", Groups: []string{"web"}}, {Name: "db"}}
	inv := inventory.New(hosts, "web")
	s := &session{fleet: &client.Fleet{Hosts: hosts, Inventory: inv}}
	for _, tt := range []struct {
		before string
		from   int
		want   []string
	}{
		{":re", 0, []string{":reconnect"}},
		{":limit w", 7, []string{"web"}},
		{":limit web:!h", 12, []string{"h1", "h2"}},
		{":become ", 8, []string{"on", "off"}},
		{":timeout 3", 9, nil},
		{"systemctl status ng", 17, []string{"nginx"}},
		{"cat <ng", 5, []string{"nginx"}},
		{"", 0, nil},
	} {
		c := s.complete(tt.before, []string{"nginx", "h9", "web9"})
		var got []string
		for _, item := range c.Items {
			got = append(got, item.Value)
		}
		if c.From != tt.from || !slices.Equal(got, tt.want) {
			t.Errorf("behind %q: from %d %q, want from %d %q", tt.before, c.From, got, tt.from, tt.want)
		}
	}
}
