# shellcheck shell=bash
# Writes container images: buildah assembles them, without a base image.

# Copies a program, and the libraries and the loader that it needs, if any, to where the loader looks.
image_add_program() { # ROOTFS PROGRAM DESTINATION
	local file
	install -D -m 755 "$2" "$1$3"
	while read -r file; do
		install -D -m 755 "$file" "$1$file"
	done < <(image_libraries "$2")
}

# Their paths, as the loader finds them: in /lib, which is /usr/lib on Debian.
image_libraries() { # PROGRAM
	{ ldd "$1" 2>/dev/null || true; } | grep -oE '/[^ ]+'
}

# The archive is one of OCI, with the file that `docker load` reads too. The same files give the same
# archive: all times in it are SECONDS since 1970, and buildah's storage, beside it, is a new one.
image_write() { # ARCHIVE NAME ROOTFS SECONDS CONFIG-FLAG...
	local archive=$1 name=$2 rootfs=$3 time=$4 scratch=$1.scratch container flags
	rm -rf "$scratch"
	mkdir "$scratch"
	flags=(--root "$scratch/root" --runroot "$scratch/run" --storage-driver vfs)
	container=$(buildah "${flags[@]}" from scratch)
	buildah "${flags[@]}" copy --quiet --chown 0:0 "$container" "$rootfs" / >/dev/null
	buildah "${flags[@]}" config --created-by 'from scratch' "${@:5}" "$container"
	buildah "${flags[@]}" commit --quiet --timestamp "$time" --disable-compression=false \
		"$container" "oci:$scratch/image:$name" >/dev/null
	buildah "${flags[@]}" rm "$container" >/dev/null
	image_for_docker "$scratch/image" "$name"
	tar --create --file "$archive" --directory "$scratch/image" --sort=name --owner=0 --group=0 \
		--numeric-owner --mode=u=rwX,go=rX --mtime="@$time" \
		blobs index.json manifest.json oci-layout
	rm -rf "$scratch"
}

# Adds manifest.json, which Docker before version 25 needs.
image_for_docker() { # FOLDER NAME
	local manifest
	manifest=$1/blobs/$(jq -r '.manifests[0].digest | sub(":"; "/")' "$1/index.json")
	jq --arg name "$2" '[{
		Config: "blobs/\(.config.digest | sub(":"; "/"))",
		RepoTags: [$name],
		Layers: [.layers[] | "blobs/\(.digest | sub(":"; "/"))"]
	}]' "$manifest" >"$1/manifest.json"
}

# The digest of the image's manifest, by which a registry and an overlay name it.
image_digest() { # ARCHIVE
	tar --extract --to-stdout --file "$1" index.json | jq -r '.manifests[0].digest'
}
