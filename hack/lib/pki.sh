# shellcheck shell=bash disable=SC2154
# The cluster's certificates, keys and kubeconfigs, in $dir/pki. Expects $dir.

pki_days=3650

# All or nothing, so that an interrupted run leaves nothing that a later one would take for complete.
pki_make() {
	[[ ! -d $dir/pki ]] || return 0
	rm -rf "$dir/pki.part"
	mkdir "$dir/pki.part"
	(
		cd "$dir/pki.part" || exit
		new_authority
		new_certificate apiserver /CN=kube-apiserver serverAuth
		new_certificate admin /O=system:masters/CN=admin clientAuth
		new_certificate kwok /O=system:masters/CN=kwok clientAuth
		new_certificate kubelet /O=system:nodes/CN=system:node:node-1 clientAuth
		new_certificate kube-controller-manager /CN=system:kube-controller-manager clientAuth
		new_certificate kube-scheduler /CN=system:kube-scheduler clientAuth
		new_key service-account.key
		openssl pkey -in service-account.key -pubout -out service-account.pub
		printf '%s,load,load,"system:masters"\n' "$(openssl rand -hex 24)" >tokens.csv
	)
	mv "$dir/pki.part" "$dir/pki"
}

new_key() { # FILE
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out "$1"
}

new_authority() {
	new_key ca.key
	sign ca /CN=promogate-localcluster "basicConstraints=critical,CA:TRUE" \
		"keyUsage=critical,keyCertSign,cRLSign" -signkey ca.key
}

new_certificate() { # NAME SUBJECT USAGE
	local names=DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc
	new_key "$1.key"
	sign "$1" "$2" "extendedKeyUsage=$3" "subjectAltName=$names,IP:127.0.0.1,IP:10.0.0.1" \
		-CA ca.crt -CAkey ca.key
}

# openssl writes to stderr even when it succeeds.
sign() { # NAME SUBJECT EXTENSION EXTENSION SIGNER...
	local name=$1 subject=$2 extensions=$3$'\n'$4
	shift 4
	openssl req -new -key "$name.key" -subj "$subject" |
		openssl x509 -req "$@" -set_serial "0x$(openssl rand -hex 16)" -days "$pki_days" \
			-extfile <(printf '%s\n' "$extensions") -out "$name.crt" 2>openssl.log ||
		{ cat openssl.log >&2; return 1; }
}

token() {
	cut -d, -f1 "$dir/pki/tokens.csv"
}

base64_of() { # FILE
	base64 -w0 "$dir/pki/$1"
}

# The file embeds all data: it works from any folder, and for clients that read no other file.
write_kubeconfig() { # FILE NAME SERVER
	cat >"$1.part" <<-EOF
		apiVersion: v1
		kind: Config
		clusters:
		- name: promogate
		  cluster:
		    server: $3
		    certificate-authority-data: $(base64_of ca.crt)
		users:
		- name: $2
		  user:
		    client-certificate-data: $(base64_of "$2.crt")
		    client-key-data: $(base64_of "$2.key")
		contexts:
		- name: promogate
		  context:
		    cluster: promogate
		    user: $2
		current-context: promogate
	EOF
	mv "$1.part" "$1"
}
