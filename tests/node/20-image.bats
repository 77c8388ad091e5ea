#!/usr/bin/env bats
# shellcheck disable=SC2154 # what bats and lib.bash set
# The image: what is in it, and that it is always the same.

load lib

setup_file() {
	image_build
	image_unpack "$IMAGE" "$BATS_FILE_TMPDIR/root" >"$BATS_FILE_TMPDIR/config.json"
}

setup() {
	[[ ${IMAGE-} ]] || skip "buildah is missing; run hack/deps --node"
	files=$BATS_FILE_TMPDIR/root
	spdx=$files/usr/share/doc/promogate/packages.spdx.json
}

@test "the same build gives the same archive, whoever makes it, wherever and whenever" {
	(
		umask 077
		export TZ=Asia/Tokyo LC_ALL=C.UTF-8 TMPDIR=$BATS_TEST_TMPDIR
		cd /
		"$root/hack/image" "$BATS_TEST_TMPDIR/again"
	)
	cmp "$IMAGE/image.tar" "$BATS_TEST_TMPDIR/again/image.tar"
	[[ $(<"$IMAGE/digest") =~ ^sha256:[0-9a-f]{64}$ ]]
}

@test "it is at most 25 MB, compressed" {
	(($(stat -c %s "$IMAGE/image.tar") <= 25000000))
}

@test "the programs are all that can be run: no shell, no package manager" {
	same "$(printf '%s\n' promogate promogate-reconciler promogate-webhook)" "$(ls "$files/usr/bin")"
	# Libraries may be executable files; the loader has to be.
	run -0 find "$files" -type f -perm /111 ! -path "$files/usr/bin/*" ! -name '*.so.*'
	same '' "$output"
	run -0 find "$files" \( -name 'sh' -o -name 'bash' -o -name 'busybox' -o -name 'apt*' -o -name 'dpkg*' \)
	same '' "$output"
}

@test "all files are root's, and nobody else may write them" {
	run -0 find "$files" \( ! -uid 0 -o ! -gid 0 -o -perm /6000 -o -perm /022 ! -type l \)
	same '' "$output"
}

@test "the programs run in it, with no other file" {
	for program in promogate promogate-webhook promogate-reconciler; do
		run -0 chroot --userspec=65532:65532 "$files" "/usr/bin/$program" --help
		[[ $output == [Uu]sage:* ]]
	done
}

@test "it runs as user 65532, and says what it is" {
	run -0 jq -r '.config | "\(.User) \(.Cmd | join(" ")) \(.Entrypoint)"' "$BATS_FILE_TMPDIR/config.json"
	same "65532:65532 promogate null" "$output"
	run -0 jq -r '.config.Labels | to_entries[] | select(.key | startswith("org.opencontainers.image.")) |
		"\(.key | sub("org.opencontainers.image."; ""))=\(.value)"' "$BATS_FILE_TMPDIR/config.json"
	same "created=$(TZ=UTC0 git -C "$root" log -1 --date=format-local:%FT%TZ --format=%cd)
description=Guards and runs the promotion phase of Keptn
licenses=Apache-2.0
revision=$(git -C "$root" rev-parse HEAD)
title=Promogate
version=$(<"$root/build/release/version")" "$output"
}

@test "it trusts the CAs of Debian's package, and none of this machine" {
	same "$(sort /usr/share/ca-certificates/mozilla/*.crt)" "$(sort "$files/etc/ssl/certs/ca-certificates.crt")"
}

@test "the list of packages has each Debian package that a library comes from, with its version and licence" {
	cmp "$spdx" "$IMAGE/packages.spdx.json"
	count=0
	while read -r library; do
		found=$(dpkg-query --search "*/${library##*/}" | grep -v '^diversion' | sed 's/: .*//' | sort -u)
		for package in $found; do
			known=$(jq -r --arg name "${package%:*}" '.packages[] | select(.name == $name).versionInfo' "$spdx")
			[[ $known ]] && break
		done
		# shellcheck disable=SC2016 # a field of dpkg-query
		same "$(dpkg-query --show --showformat '${Version}' "$package")" "$known"
		[[ -s $files/usr/share/doc/${package%:*}/copyright ]]
		count=$((count + 1))
	done < <(find "$files" -name '*.so.*' -printf '%P\n')
	((count > 20))
}

@test "the list is SPDX 2.3: each identifier is unique, and each relation is between two of them" {
	jq -e '.spdxVersion == "SPDX-2.3" and .dataLicense == "CC0-1.0" and (.packages | length > 20)' "$spdx"
	jq -e '[.packages[].SPDXID] | length == (unique | length) and all(test("^SPDXRef-[A-Za-z0-9.-]+$"))' "$spdx"
	jq -e '[.SPDXID, .packages[].SPDXID] as $ids | all(.relationships[];
		([.spdxElementId, .relatedSpdxElement] - $ids) == [])' "$spdx"
	jq -e '[.packages[].SPDXID] - [.relationships[].relatedSpdxElement] == []' "$spdx"
}
