package repository

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// YumRepo is a repository of dnf or zypper. Its fields are described in yum_repo.cue.
type YumRepo struct {
	Name         string            `json:"name"`
	State        string            `json:"state"`
	Directory    string            `json:"directory"`
	Description  string            `json:"description"`
	BaseURL      words             `json:"baseurl"`
	MirrorList   string            `json:"mirrorlist"`
	MetaLink     string            `json:"metalink"`
	GPGCheck     bool              `json:"gpgcheck"`
	RepoGPGCheck *bool             `json:"repo_gpgcheck"`
	GPGKey       words             `json:"gpgkey"`
	Enabled      bool              `json:"enabled"`
	Priority     *int64            `json:"priority"`
	Proxy        string            `json:"proxy"`
	Options      map[string]string `json:"options"`
}

// YumRepoState is what is there of a repository.
type YumRepoState struct {
	File    textfile.WholeState `json:"file"`
	Fetched bool                `json:"fetched"`
}

// zypp is where zypper has its repositories.
const zypp = "/etc/zypp/repos.d"

// Where the managers keep the lists. Behind the name dnf has a dash and a number.
const (
	dnfCache    = "/var/cache/dnf"
	zypperCache = "/var/cache/zypp/raw"
)

// maxCaches bounds how many repositories are looked at.
const maxCaches = 1000

func (y YumRepo) file() textfile.Whole {
	return textfile.Whole{Path: y.Directory + "/" + y.Name + ".repo", Mode: public}
}

// Read implements sdk.Resource.
func (y YumRepo) Read(t *sdk.T) YumRepoState {
	cache := dnfCache
	if y.Directory == zypp {
		cache = zypperCache
	}
	ops := append(y.file().Ops(), op.Op{List: &op.List{Path: cache, Limit: maxCaches}})
	results := t.All(ops...)
	s := YumRepoState{File: y.file().State(t, results)}
	for _, e := range t.Must(results[2]).List.Entries {
		behind, ours := strings.CutPrefix(e.Path, y.Name)
		if ours && (behind == "" || behind[0] == '-' && strings.Trim(behind[1:], "0123456789abcdef") == "") && e.Type == op.TypeDir {
			s.Fetched = true
		}
	}
	return s
}

// Plan implements sdk.Resource.
func (y YumRepo) Plan(t *sdk.T, now YumRepoState) {
	defer func() { t.Output(Output{Changed: t.Acted()}) }()
	if y.State == absent {
		y.file().Remove(t, now.File)
		return
	}
	if len(list(y.BaseURL)) == 0 && y.MirrorList == "" && y.MetaLink == "" {
		t.Fail(op.Permanent, "nothing says where the repository is", "", `give baseurl = "https://...", mirrorlist or metalink`)
	}
	text := y.text()
	changed := now.File.Text != text || !now.File.Exists
	y.file().Write(t, now.File, text)
	switch {
	case !y.Enabled:
	case changed:
		y.fetch(t)
	case !now.Fetched:
		t.Differ("fetched", false, true)
		y.fetch(t)
	}
}

// Potential implements sdk.HasPotential.
func (y YumRepo) Potential(t *sdk.T) {
	if y.State == absent {
		y.file().PotentialRemove(t)
		return
	}
	y.file().PotentialWrite(t)
	y.fetch(t)
}

// fetch has the package lists fetched.
func (y YumRepo) fetch(t *sdk.T) {
	if t.Effect(op.Op{PkgEnsure: &op.PkgEnsure{Update: true}}); t.Acting() {
		t.Changed()
	}
}

// text is the file.
func (y YumRepo) text() string {
	var b strings.Builder
	b.WriteString("[" + y.Name + "]\n")
	field := func(name, value string) {
		if value != "" {
			b.WriteString(name + "=" + value + "\n")
		}
	}
	field("name", y.Description)
	if y.Description == "" {
		field("name", y.Name)
	}
	field("baseurl", strings.Join(list(y.BaseURL), " "))
	field("mirrorlist", y.MirrorList)
	field("metalink", y.MetaLink)
	field("enabled", digit(y.Enabled))
	field("gpgcheck", digit(y.GPGCheck))
	if y.RepoGPGCheck != nil {
		field("repo_gpgcheck", digit(*y.RepoGPGCheck))
	}
	field("gpgkey", strings.Join(list(y.GPGKey), " "))
	if y.Priority != nil {
		field("priority", strconv.FormatInt(*y.Priority, 10))
	}
	field("proxy", y.Proxy)
	for _, name := range slices.Sorted(maps.Keys(y.Options)) {
		field(name, y.Options[name])
	}
	return b.String()
}

func digit(on bool) string {
	if on {
		return "1"
	}
	return "0"
}
