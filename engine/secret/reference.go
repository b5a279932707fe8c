package secret

// Ref stands for a secret in a saved plan: from where it comes, and a keyed digest of its value.
type Ref struct {
	// Name is what the runbook calls it: "db/password", "env:DB_PASSWORD".
	Name string `json:"name"`
	// Source is the kind of place that it comes from: "store", "env".
	Source string `json:"source"`
	Digest string `json:"digest"`
	// Generate says how one is made that is not there yet, at apply, and Nonce of what besides the workspace's key.
	Generate string `json:"generate,omitempty"`
	Nonce    string `json:"nonce,omitempty"`
}
