#!/usr/bin/env bash
# packages.sh DIR - make the packages that lab hosts practise on, and the list of all packages in DIR.
#
#   froyo-demo 1.0, 1.1   a conffile that differs between the two, and a service that says to
#                         /var/log/froyo-demo.log when it was started and when it was reloaded
#   froyo-broken 1.0      cannot be installed: its postinst fails
#   froyo-slow 1.0        takes 8 s to install
set -euo pipefail
REPO=$1
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

# begin empties the folder from which a package is made.
begin() {
  rm -rf "$WORK/package"
  mkdir -p "$WORK/package/DEBIAN"
}

# maintain takes a maintainer script from stdin.
maintain() {
  cat >"$WORK/package/DEBIAN/$1"
  chmod 755 "$WORK/package/DEBIAN/$1"
}

# pack makes the package $1 of the version $2.
pack() {
  cat >"$WORK/package/DEBIAN/control" <<END
Package: $1
Version: $2
Architecture: all
Maintainer: froyo <root@localhost>
Description: a package to practise on
END
  dpkg-deb --root-owner-group --build "$WORK/package" "$REPO/$1_$2_all.deb" >/dev/null
}

demo() {
  begin
  mkdir -p "$WORK"/package/{etc,lib/systemd/system}
  echo "version = $1" >"$WORK/package/etc/froyo-demo.conf"
  echo /etc/froyo-demo.conf >"$WORK/package/DEBIAN/conffiles"
  cat >"$WORK/package/lib/systemd/system/froyo-demo.service" <<'END'
[Unit]
Description=A service to practise on
[Service]
ExecStart=/bin/sh -c 'echo started >>/var/log/froyo-demo.log; exec sleep infinity'
ExecReload=/bin/sh -c 'echo reloaded >>/var/log/froyo-demo.log'
[Install]
WantedBy=multi-user.target
END
  maintain postinst <<'END'
#!/bin/sh -e
systemctl daemon-reload
[ -n "$2" ] || systemctl --quiet enable froyo-demo
systemctl restart froyo-demo
END
  maintain prerm <<'END'
#!/bin/sh -e
[ "$1" != remove ] || systemctl --quiet disable --now froyo-demo
END
  maintain postrm <<'END'
#!/bin/sh -e
[ "$1" != purge ] || rm -f /var/log/froyo-demo.log
systemctl daemon-reload
END
  pack froyo-demo "$1"
}

demo 1.0
demo 1.1

begin
maintain postinst <<'END'
#!/bin/sh
echo "froyo-broken: this is never installed" >&2
exit 1
END
pack froyo-broken 1.0

begin
maintain postinst <<'END'
#!/bin/sh
sleep 8
END
pack froyo-slow 1.0

for deb in "$REPO"/*.deb; do
  dpkg-deb --field "$deb"
  printf 'Filename: ./%s\nSize: %d\nSHA256: %s\n\n' "${deb##*/}" "$(stat -c %s "$deb")" "$(sha256sum <"$deb" | cut -d' ' -f1)"
done >"$REPO/Packages"
