#!/bin/sh
# Builds the runner for every platform into dist/: compressed, with the digest
# and size of what is inside beside it. Usage: build.sh [VERSION [PLATFORM...]]
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

for platform in "$@"; do
	file=froyo-runner-$platform
	# ARMv6 with hardware floats runs on every 32-bit ARM that is still around,
	# 386 without SSE2 on every PC.
	CGO_ENABLED=0 GOOS=${platform%-*} GOARCH=${platform#*-} GOARM=6 GO386=softfloat GOFLAGS= \
		go build -trimpath -buildvcs=false -gcflags=all=-l \
		-ldflags "-s -w -funcalign 8 -X main.version=$version" -o "$work/$file" ./cmd/froyo-runner
	size=$(wc -c <"$work/$file" | tr -d ' ')
	if [ "$size" -gt $limit ]; then
		echo "build.sh: $file has $size bytes, more than $limit" >&2
		exit 1
	fi
	sum=$(sha256sum "$work/$file")
	rm -f "dist/$file.zst"
	if [ $zstd = 1 ]; then zstd -q -19 -o "$work/$file.zst" "$work/$file"; fi
	gzip -9n "$work/$file"
	echo "${sum%% *} $size" >"$work/$file.sum"
	packed=$(wc -c <"$work/$file.gz" | tr -d ' ')
	if [ "$packed" -gt $packed_limit ]; then
		echo "build.sh: $file.gz has $packed bytes, more than $packed_limit" >&2
		exit 1
	fi
	mv "$work/$file".* dist/
	echo "$platform $size $packed"
done
