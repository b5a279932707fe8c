package op

// FactsResult holds the namespaces that were asked for.
type FactsResult struct {
	OSBasic     *OSBasic     `json:"os.basic,omitempty"`
	HWCPU       *HWCPU       `json:"hw.cpu,omitempty"`
	NetIfaces   *NetIfaces   `json:"net.ifaces,omitempty"`
	PkgManifest *PkgManifest `json:"pkg.manifest,omitempty"`
	SvcUnits    *SvcUnits    `json:"svc.units,omitempty"`
}

// OSBasic is the namespace os.basic.
type OSBasic struct {
	ID        string `json:"id"`       // debian, rocky, alpine, ... (os-release ID)
	Family    string `json:"family"`   // debian, redhat, suse, alpine, arch, else the id
	Version   string `json:"version"`  // os-release VERSION_ID
	Codename  string `json:"codename"` // os-release VERSION_CODENAME
	Name      string `json:"name"`     // os-release PRETTY_NAME
	Kernel    string `json:"kernel"`   // release, as uname -r gives it
	Arch      string `json:"arch"`     // as Go names it: amd64, arm64, ...
	Hostname  string `json:"hostname"` // the kernel's
	MachineID string `json:"machine_id"`
	Init      string `json:"init"` // systemd, or the name of process 1
}

// HWCPU is the namespace hw.cpu.
type HWCPU struct {
	Cores   int    `json:"cores"`   // processors that are online, as nproc counts them
	Sockets int    `json:"sockets"` // physical packages, at least 1
	Model   string `json:"model"`   // as the processor calls itself, or ""
	Vendor  string `json:"vendor"`  // GenuineIntel, AuthenticAMD, ..., or ""
	Arch    string `json:"arch"`    // as Go names it
}

// NetIfaces is the namespace net.ifaces.
type NetIfaces struct {
	// Default is the interface of the default route of IPv4, or else of IPv6,
	// Gateway where that leads, and Address the interface's first address of that family.
	Default string  `json:"default"`
	Gateway string  `json:"gateway"`
	Address string  `json:"address"`
	Ifaces  []Iface `json:"ifaces"` // by their index
}

// Iface is a network interface.
type Iface struct {
	Name      string   `json:"name"`
	MAC       string   `json:"mac"` // lower case with colons, or ""
	MTU       int      `json:"mtu"`
	Up        bool     `json:"up"`
	Loopback  bool     `json:"loopback"`
	Addresses []string `json:"addresses"` // with their prefix: "192.0.2.1/24"; none that the kernel makes for a while only
}

// PkgManifest is the namespace pkg.manifest.
type PkgManifest struct {
	Manager  string            `json:"manager"`  // apt, or "" where froyo does not know the host's
	Packages map[string]string `json:"packages"` // versions of the installed packages by name
}

// SvcUnits is the namespace svc.units.
type SvcUnits struct {
	Manager string             `json:"manager"` // systemd, or ""
	Units   map[string]SvcUnit `json:"units"`   // the loaded services by name: "nginx.service"
}

// SvcUnit is a service, in systemd's own words.
type SvcUnit struct {
	Active string `json:"active"`
	Sub    string `json:"sub"`
	Load   string `json:"load"`
}
