# Prints the files that match the pattern $1, a line each: name and content as base64, "-" for what cannot be read.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
IFS=
d=${1%/*}
if [ -d "$d" ] && ! { [ -r "$d" ] && [ -x "$d" ]; }; then echo "$(printf %s "$1" | base64 -w 0) -"; fi
for f in $1; do
  [ -e "$f" ] && [ ! -d "$f" ] || continue
  if [ -f "$f" ] && [ -r "$f" ] && [ "$(wc -c <"$f")" -le 262144 ]; then t=$(base64 -w 0 <"$f"); else t=-; fi
  echo "$(printf %s "$f" | base64 -w 0) ${t:-=}"
done
