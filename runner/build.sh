#!/bin/sh
# Builds the runner and the guard for every platform into dist/: compressed, with the
# digest and size of what is inside beside it. Usage: build.sh [VERSION [PLATFORM...]]
set -eu

cd "$(dirname "$0")"
version=${1:-dev}
[ $# -gt 0 ] && shift
# shellcheck disable=SC2046 # a list of names
[ $# -gt 0 ] || set -- $(cat platforms.txt)

# The controller pushes the runner to every host, so its size is time. Without
# inlining it is a tenth smaller, and what it does all day is system calls and
# SHA-256, which is assembly. Functions need not begin on a cache line of their own.
limit=4194304
packed_limit=1468006 # 1.4 MiB
guard_limit=1048576

# Most distributions with a kernel of their own have zstd, which unpacks in half of the time of gzip: that is most of
# what starting the runner takes.
zstd=1
command -v zstd >/dev/null || {
	zstd=0
	echo "build.sh: there is no zstd, so the runner is packed by gzip alone, which hosts unpack in twice the time" >&2
}

# Beside dist, so that a build of froyo meanwhile does not embed half a file.
work=$(mktemp -d ./.dist.XXXXXX)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# build PROGRAM PLATFORM LIMIT: compiles and compresses a program, of at most so many bytes once it is compressed.
build() {
	file=$1-$2
	# ARMv6 with hardware floats runs on every 32-bit ARM that is still around,
	# 386 without SSE2 on every PC.
	CGO_ENABLED=0 GOOS=${2%-*} GOARCH=${2#*-} GOARM=6 GO386=softfloat GOFLAGS= \
		go build -trimpath -buildvcs=false -gcflags=all=-l \
		-ldflags "-s -w -funcalign 8 -X main.version=$version" -o "$work/$file" "./cmd/$1"
	size=$(wc -c <"$work/$file" | tr -d ' ')
	if [ "$size" -gt $limit ]; then
		echo "build.sh: $file has $size bytes, more than $limit" >&2
		exit 1
	fi
	sum=$(sha256sum "$work/$file")
	rm -f "dist/$file.zst"
	if [ $zstd = 1 ] && [ "$1" = froyo-runner ]; then zstd -q -19 -o "$work/$file.zst" "$work/$file"; fi
	gzip -9n "$work/$file"
	echo "${sum%% *} $size" >"$work/$file.sum"
	packed=$(wc -c <"$work/$file.gz" | tr -d ' ')
	if [ "$packed" -gt "$3" ]; then
		echo "build.sh: $file.gz has $packed bytes, more than $3" >&2
		exit 1
	fi
	mv "$work/$file".* dist/
	echo "$1 $2 $size $packed"
}

# The guard goes only to hosts on which something could cut froyo off.
for platform in "$@"; do
	build froyo-runner "$platform" $packed_limit
	build froyo-guard "$platform" $guard_limit
done
GOOS= GOARCH= go run ./signed/froyo-sign ..
