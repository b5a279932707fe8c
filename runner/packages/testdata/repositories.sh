# Installs dnf, zypper and pacman beside apt, and makes two repositories of the same
# small packages: /srv/fy/rpm and /srv/fy/arch. dnf and zypper share a database of rpm, as
# they do on the systems that they come from.
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get install -y -qq --no-install-recommends dnf zypper rpm createrepo-c pacman-package-manager zstd >/dev/null 2>&1
rm -rf /var/cache/pacman/pkg/fy*
mkdir -p /srv/fy/rpm /srv/fy/arch /srv/fy/build /etc/rpm
echo '%_dbpath /var/lib/rpm' >/etc/rpm/macros
cd /srv/fy/build

# rpm NAME VERSION TAG... makes a package. pre and post are its scripts.
rpm() {
	name=$1 version=$2
	shift 2
	{
		printf '%s\n' "Name: $name" "Version: $version" "Release: 1" "Summary: made for a test" "License: none" "BuildArch: noarch" "$@"
		printf '%s\n' %description x %install "mkdir -p %{buildroot}/usr/share/$name" "echo $version >%{buildroot}/usr/share/$name/version"
		[ -z "${pre-}" ] || printf '%%pre\n%s\n' "$pre"
		[ -z "${post-}" ] || printf '%%post\n%s\n' "$post"
		printf '%%files\n/usr/share/%s\n' "$name"
	} >"$name.spec"
	rpmbuild -bb --quiet --define "_topdir $PWD/rpm" --define '_rpmdir /srv/fy/rpm' "$name.spec" >/dev/null 2>&1
}

# arch NAME VERSION FIELD... makes a package of pacman and its entry in the lists.
arch() {
	name=$1 version=$2-1
	shift 2
	rm -rf w && mkdir -p "w/usr/share/$name" "db/$name-$version"
	echo "$version" >"w/usr/share/$name/version"
	printf '%s\n' "pkgname = $name" "pkgbase = $name" "pkgver = $version" "arch = any" "$@" >w/.PKGINFO
	[ -z "${install-}" ] || printf '%s\n' "$install" >w/.INSTALL
	file=$name-$version-any.pkg.tar.zst
	tar -C w --zstd -cf "/srv/fy/arch/$file" $(ls -A w)
	{
		printf '%%FILENAME%%\n%s\n\n%%NAME%%\n%s\n\n%%VERSION%%\n%s\n\n%%ARCH%%\nany\n\n' "$file" "$name" "$version"
		printf '%%SHA256SUM%%\n%s\n\n' "$(sha256sum <"/srv/fy/arch/$file" | cut -d' ' -f1)"
		for field; do
			key=$(echo "${field%% =*}" | tr a-z A-Z)
			printf '%%%s%%\n%s\n\n' "${key%S}S" "${field#*= }"
		done
	} >"db/$name-$version/desc"
}

rpm fy-sh 1.0 'Provides: /bin/sh'
rpm fy-lib 1.0
rpm fy-app 1.0 'Requires: fy-lib' 'Recommends: fy-extra'
rpm fy-app 1.1 'Requires: fy-lib' 'Recommends: fy-extra'
rpm fy-app 1.10 'Requires: fy-lib' 'Recommends: fy-extra'
rpm fy-extra 1.0
rpm fy-rival 1.0 'Conflicts: fy-app'
rpm fy-next 1.0 'Obsoletes: fy-old' 'Provides: fy-old'
rpm fy-old 1.0
rpm fy-needs 1.0 'Requires: fy-nothing'
rpm fy-mail1 1.0 'Provides: fy-mail'
rpm fy.dot+plus 1.0 'Epoch: 2'
rpm fy-a-name-that-is-much-longer-than-a-column-of-any-table 1.0 'Requires: fy-lib'
pre='echo no way; exit 3' rpm fy-bad 1.0
post='echo no way; exit 3' rpm fy-script 1.0

arch fy-lib 1.0
arch fy-app 1.10 'depend = fy-lib'
arch fy-extra 1.0
arch fy-rival 1.0 'conflict = fy-app'
arch fy-next 1.0 'replaces = fy-old' 'conflict = fy-old'
arch fy-old 1.0
arch fy-needs 1.0 'depend = fy-nothing'
arch fy-mail1 1.0 'provides = fy-mail'
arch fy.dot+plus 2:1.0
arch fy-a-name-that-is-much-longer-than-a-column-of-any-table 1.0 'depend = fy-lib'
install='post_install() { exit 3; }' arch fy-script 1.0

cat >/srv/fy/publish <<'END'
set -eu
createrepo_c -q /srv/fy/rpm >/dev/null
cd /srv/fy/build/db && tar -czf /srv/fy/arch/fy.db $(ls -A)
END
sh /srv/fy/publish

mkdir -p /etc/yum.repos.d /etc/zypp/repos.d /var/lib/pacman
printf '%s\n' '[fy]' 'name=A repository of small packages' 'baseurl=file:///srv/fy/rpm' enabled=1 gpgcheck=0 autorefresh=0 type=rpm-md |
	tee /etc/yum.repos.d/fy.repo >/etc/zypp/repos.d/fy.repo
cp /etc/pacman.conf /srv/fy/pacman.conf
printf '%s\n' '[options]' 'Architecture = auto' 'SigLevel = Never' '[fy]' 'Server = file:///srv/fy/arch' >/etc/pacman.conf
