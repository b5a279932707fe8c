package live

import "testing"

// TestConfigured: which services are started anew since files that they have read are others.
func TestConfigured(t *testing.T) {
	for _, tt := range []struct {
		service, file string
		want          bool
	}{
		{"sssd.service", "/etc/sssd/sssd.conf", true},
		{"sssd.service", "/etc/sssd2", false},
		{"sssd.service", "/etc/systemd/system/sssd.service.d/x.conf", true},
		{"dropbear.service", "/etc/default/dropbear", true},
		{"systemd-networkd.service", "/etc/systemd/network/10-a.network", true},
		{"nginx.service", "/etc/systemd/system/nginx.service", false},
		{"multi-user.target", "/etc/systemd/system/multi-user.target", false},
	} {
		if got := configured(tt.service, []string{"/etc/other", tt.file}); got != tt.want {
			t.Errorf("%s after %s: %v", tt.service, tt.file, got)
		}
	}
}
