# Makes a repository of small packages in /srv/fy, the only one that the host
# knows from then on. The lists of the usual ones come back when /var/lib/apt/lists
# is unmounted.
set -eu
mkdir -p /srv/fy/repo /srv/fy/lists/partial /srv/fy/build

# deb NAME VERSION FIELD... makes a package. CONF is the content of its file in
# /etc; preinst, postinst and prerm are its scripts.
deb() {
	name=$1 version=$2
	shift 2
	dir=/srv/fy/build/$name
	rm -rf "$dir"
	mkdir -p "$dir/DEBIAN" "$dir/usr/share/$name"
	echo "$version" >"$dir/usr/share/$name/version"
	{
		printf '%s\n' "Package: $name" "Version: $version" "Architecture: all" \
			"Maintainer: lab <lab@localhost>" "Description: made for a test" "$@"
	} >"$dir/DEBIAN/control"
	if [ -n "${CONF-}" ]; then
		mkdir -p "$dir/etc"
		echo "$CONF" >"$dir/etc/$name.conf"
		echo "/etc/$name.conf" >"$dir/DEBIAN/conffiles"
	fi
	for script in preinst postinst prerm; do
		eval "text=\${$script-}"
		[ -n "$text" ] || continue
		printf '#!/bin/sh\n%s\n' "$text" >"$dir/DEBIAN/$script"
		chmod 755 "$dir/DEBIAN/$script"
	done
	dpkg-deb -b --root-owner-group -Znone "$dir" "/srv/fy/repo/${name}_${version}_all.deb" >/dev/null
}

deb fy-lib 1.0
deb fy-lib 2.0
deb fy-app 1.0 'Depends: fy-lib'
deb fy-app 1.5 'Depends: fy-lib'
deb fy-app 2.0 'Depends: fy-lib (>= 2.0)' 'Recommends: fy-extra'
deb fy-extra 1.0
CONF=x deb fy-conf 1.0
deb fy-base 1.0
deb fy-top 1.0 'Depends: fy-base'
deb fy-top2 1.0 'Depends: fy-top'
postinst='echo cannot start the thing >&2; exit 3' deb fy-bad 1.0
deb fy-needbad 1.0 'Depends: fy-bad'
deb fy-unmet 1.0 'Depends: fy-nowhere (>= 3)'
deb fy-rival 1.0 'Conflicts: fy-base'
# It is installed once there is /run/fy-go, or after half a minute.
postinst='touch /run/fy-slow; for i in $(seq 300); do [ -e /run/fy-go ] && break; sleep 0.1; done; rm -f /run/fy-slow /run/fy-go' deb fy-slow 1.0
deb fy-mail1 1.0 'Provides: fy-mail'
deb fy-mail2 1.0 'Provides: fy-mail'
deb fy-suggests 1.0 'Suggests: fy-mentioned'
deb fy.dot 1.0
deb fyxdot 1.0
deb fy-lost 1.0
postinst='[ -e /run/fy-whole ] || kill -9 $PPID' deb fy-killed 1.0
postinst='printenv >/run/fy-env; echo noise >/dev/stderr; echo more' deb fy-env 1.0

cd /srv/fy/repo
for file in *.deb; do
	dpkg-deb -f "$file"
	printf '%s\n' "Filename: ./$file" "Size: $(stat -c %s "$file")" "SHA256: $(sha256sum "$file" | cut -d' ' -f1)" ""
done >Packages
rm fy-lost_1.0_all.deb

mv /etc/apt/sources.list /srv/fy/sources.list
echo 'deb [trusted=yes] file:/srv/fy/repo ./' >/etc/apt/sources.list.d/fy.list
mount --bind /srv/fy/lists /var/lib/apt/lists
apt-get update -qq
