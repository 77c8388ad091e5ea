#!/usr/bin/env bats
# hack/check-commits: which messages it accepts and rejects, in a repository made for each test.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
	git init -q -b main repository
	cd repository || return
	git config user.name somebody
	git config user.email somebody@example.com
	mkdir hack
	cp "$BATS_TEST_DIRNAME/../../hack/check-commits" hack
	commit 'An old subject, from before the check.'
	git add hack
	commit 'hack: check commit messages'
}

commit() { # MESSAGE
	git commit -q --allow-empty --message "$1"
}

accepts() { # MESSAGE
	commit "$1"
	hack/check-commits
}

rejects() { # MESSAGE TEXT
	commit "$1"
	run ! hack/check-commits
	[[ $output == *"$2"* ]]
	git reset -q --hard HEAD~1
}

line() { # LENGTH
	printf 'a %.0s' $(seq "$(($1 / 2))")
}

@test "messages of the required form are accepted" {
	accepts 'kube/lease: read renewTime as microseconds'
	accepts 'Remove includes that nothing needs'
	accepts 'README, docs: name both releases of Debian'
	accepts "controller/store, reconciler's tests: add this"
	accepts ".git-blame-ignore-revs: list the move of kube/lease"
	accepts "kube: $(printf 'x%.0s' {1..66})"
	accepts $'kube: add this\n\nA body,\n\nand another paragraph.'
}

@test "a body may have long URLs and quoted output" {
	accepts "kube: add this"$'\n\n'"https://example.com/$(printf 'x%.0s' {1..120})"$'\n'"    $(line 140)"
}

@test "reverts and merges are exempt" {
	accepts 'Revert "Kube: this subject is long, has a colon, and ends with a period, all of it not allowed."'
	git checkout -q -b side
	commit 'kube: add this'
	git checkout -q main
	commit 'kube: add that'
	git merge -q --no-edit side
	hack/check-commits
}

@test "other messages are rejected" {
	rejects 'no component' '"component: text"'
	rejects 'Removes includes' 'imperative, not "Removes"'
	rejects 'What a review found: add this' '"component: text"'
	rejects 'kube: add this.' 'period'
	rejects "kube: $(printf 'x%.0s' {1..67})" '73 characters'
	rejects 'kube: adds this' 'imperative, not "adds"'
	rejects 'kube: Fixed this' 'imperative, not "Fixed"'
	rejects 'kube: renaming this' 'imperative, not "renaming"'
	rejects $'kube: add this\nand that' 'second line must be blank'
	rejects "kube: add this"$'\n\n'"$(line 102)b" 'characters'
}

@test "commits up to the base are not checked" {
	commit 'An old subject.'
	base=$(git rev-parse HEAD)
	commit 'kube: add this'
	hack/check-commits "$base"
	run ! hack/check-commits
}

@test "a shallow clone, and a tree without git, are skipped" {
	commit 'A bad subject.'
	git clone -q --depth 1 "file://$PWD" ../clone
	cd ../clone || return
	run -0 hack/check-commits
	[[ $output == *shallow*skipped ]]
	rm -rf .git
	run -0 hack/check-commits
	[[ $output == *'not a git repository, skipped' ]]
}
