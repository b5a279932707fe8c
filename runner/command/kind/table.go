package kind

// kinds is the table.
func kinds() []*Kind { return []*Kind{docker(), podman(), kubectl(), chroot(), machinectl(), own()} }

// What Ansible's plugins for containers know and the command has no place for.
const (
	notKept  = "the program is found by PATH"
	noSecret = "passwords and tokens do not belong into an inventory, and arguments can be seen by all users of this machine: the kubeconfig has them"
)

func docker() *Kind {
	return &Kind{
		Name: "docker", Aliases: []string{"community.docker.docker", "community.docker.docker_api"}, Host: "container", Near: true,
		Argv:     []string{"docker", "{arguments}", "exec", "-i", "{terminal}", "{login}", "{host}"},
		Terminal: []string{"-t"}, Login: []string{"--user", "{user}"},
		Address: []string{"ansible_docker_host"},
		Options: []Option{{"ansible_docker_extra_args", ""}},
		Lost: map[string]string{
			"ansible_docker_command": notKept, "ansible_docker_working_dir": "units say where programs run", "ansible_docker_privileged": "the container decides",
			"ansible_docker_timeout": "--timeout bounds connecting", "ansible_docker_docker_host": "name the daemon by ansible_docker_extra_args, or DOCKER_HOST",
		},
		Failures: []Failure{
			{"no such container", `there is no container "{host}"`, "does docker ps -a list it? ansible_host names a container that is not called as its host"},
			{"is not running", `the container "{host}" is stopped`, "start it: docker start {host}"},
			{"is paused", `the container "{host}" is paused`, "let it go on: docker unpause {host}"},
			{"permission denied while trying to connect", "this user may not speak to Docker's daemon", "be in the group docker, or use podman"},
			{"cannot connect to the docker daemon", "Docker's daemon does not answer", "start it, or name another by DOCKER_HOST"},
			{"unable to find user", `there is no user "{user}" in the container "{host}"`, "name one that is there (-u, ansible_user)"},
			{`"/bin/sh": stat`, `the container "{host}" has no /bin/sh`, "it needs a shell: make it of an image that has one"},
		},
	}
}

func podman() *Kind {
	return &Kind{
		Name: "podman", Aliases: []string{"containers.podman.podman"}, Host: "container", Near: true,
		Argv:     []string{"podman", "{arguments}", "exec", "-i", "{terminal}", "{login}", "{host}"},
		Terminal: []string{"-t"}, Login: []string{"--user", "{user}"},
		Options: []Option{{"ansible_podman_extra_args", ""}},
		Lost:    map[string]string{"ansible_podman_executable": notKept},
		Failures: []Failure{
			{"no such container", `there is no container "{host}"`, "does podman ps -a list it? Each user has containers of their own"},
			{"container state improper", `the container "{host}" is not running`, "start it: podman start {host}"},
			{"unable to find user", `there is no user "{user}" in the container "{host}"`, "name one that is there (-u, ansible_user)"},
			{"/bin/sh", `the container "{host}" has no /bin/sh`, "it needs a shell: make it of an image that has one"},
		},
	}
}

func kubectl() *Kind {
	const prefix = "ansible_kubectl_"
	k := &Kind{
		Name: "kubectl", Aliases: []string{"kubernetes.core.kubectl", "community.kubernetes.kubectl"}, Host: "pod",
		Argv:     []string{"kubectl", "exec", "-i", "{terminal}", "{arguments}", "{host}", "--"},
		Terminal: []string{"-t"},
		Address:  []string{prefix + "pod"},
		Options: []Option{
			{prefix + "extra_args", ""},
			{prefix + "kubeconfig", "--kubeconfig"},
			{prefix + "config", "--kubeconfig"},
			{prefix + "context", "--context"},
			{prefix + "namespace", "--namespace"},
			{prefix + "container", "--container"},
			{prefix + "host", "--server"},
			{prefix + "server", "--server"},
			{prefix + "ca_cert", "--certificate-authority"},
			{prefix + "ssl_ca_cert", "--certificate-authority"},
			{prefix + "client_cert", "--client-certificate"},
			{prefix + "cert_file", "--client-certificate"},
			{prefix + "client_key", "--client-key"},
			{prefix + "key_file", "--client-key"},
		},
		Lost: map[string]string{prefix + "local_env_vars": "set them for froyo itself", prefix + "verify_ssl": "give --insecure-skip-tls-verify by ansible_kubectl_extra_args"},
		Failures: []Failure{
			{"pods \"{host}\" not found", `there is no pod "{host}"`, "does kubectl get pods list it? ansible_kubectl_namespace and ansible_kubectl_context say where it is"},
			{"(notfound)", `there is no pod "{host}"`, "does kubectl get pods list it? ansible_kubectl_namespace and ansible_kubectl_context say where it is"},
			{"(forbidden)", "the cluster does not allow it", "does kubectl auth can-i create pods/exec say yes?"},
			{"unable to connect to the server", "the cluster does not answer", "does kubectl version show a server? ansible_kubectl_context says which"},
			{"was refused - did you specify", "the cluster does not answer", "does kubectl version show a server? ansible_kubectl_context says which"},
			{"container not found", `the pod "{host}" has no such container, or it is not running`, "does kubectl describe pod {host} show it as running?"},
			{"completed pod", `the pod "{host}" has ended`, "name one that runs: kubectl get pods"},
			{"/bin/sh", `the pod "{host}" has no /bin/sh`, "it needs a shell: make it of an image that has one"},
		},
	}
	for _, name := range []string{"username", "user", "password", "token"} {
		k.Lost[prefix+name] = noSecret
	}
	return k
}

func chroot() *Kind {
	return &Kind{
		Name: "chroot", Aliases: []string{"community.general.chroot"}, Host: "root directory", Near: true, Clean: true, Path: true, Kernel: true,
		Argv: []string{"chroot", "{login}", "{host}"}, Login: []string{"--userspec={user}"},
		Lost: map[string]string{"ansible_chroot_exe": notKept},
		Failures: []Failure{
			{"operation not permitted", "only root may change the root directory", "let root start froyo: sudo froyo"},
			{"cannot change root directory", "{host} is no directory that one can change to", "make it, for example: debootstrap stable {host}"},
			{"failed to run command", "there is no /bin/sh that can be executed in {host}", "make a system in it, for example: debootstrap stable {host}"},
			{"invalid user", `there is no user "{user}" in {host}`, "name one that is there (-u, ansible_user)"},
		},
	}
}

// machinectl goes by systemd-run: "machinectl shell" gives a terminal, which carries no bytes as they are. What a shell
// leaves running goes on, as it does after a login.
func machinectl() *Kind {
	return &Kind{
		Name: "machinectl", Host: "machine", Near: true, Expands: true,
		Argv: []string{
			"systemd-run", "--machine={host}", "--quiet", "--wait", "--collect", "--service-type=exec", "--property=KillMode=process",
			"{terminal}", "{login}", "{arguments}",
		},
		Terminal: []string{"--pty"}, Pipe: []string{"--pipe"}, Login: []string{"--uid={user}"},
		Failures: []Failure{
			{"failed to connect to", `no machine "{host}" answers`, "does machinectl list show it? It has to run systemd and D-Bus"},
			{"access denied", "this user may start nothing in machines", "let root start froyo: sudo froyo"},
			{"interactive authentication required", "this user may start nothing in machines", "let root start froyo: sudo froyo"},
			{"failed to start transient service", `the machine "{host}" gives no shell of "{user}"`, "is there a user of that name, and a /bin/sh?"},
		},
	}
}

func own() *Kind {
	return &Kind{Name: Own, Host: "host", Argv: []string{"{arguments}"}}
}
