# Takes away what repository.sh and the tests have left.
set -u
dpkg --configure -a
dpkg-query -W -f '${Package}\n' 'fy*' | xargs -r dpkg --purge --force-all
umount /var/lib/apt/lists
mv /srv/fy/sources.list /etc/apt/sources.list
rm -rf /srv/fy /run/fy-* /etc/apt/sources.list.d/fy*.list /etc/apt/preferences.d/fy
[ -z "$(dpkg --audit)" ]
