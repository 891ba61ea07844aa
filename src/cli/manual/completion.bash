# SPDX-License-Identifier: Apache-2.0
# Completion of diarchy for bash: the program itself says what may come next.

_diarchy() {
	local line=${COMP_LINE:0:COMP_POINT} program=${COMP_WORDS[0]/#\~/$HOME}
	local -a words
	local current candidate what start

	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] && words+=('')
	current=${words[-1]}
	# Readline replaces only what follows the last of these, if it breaks words there.
	start=
	for candidate in : = @; do
		if [[ $COMP_WORDBREAKS == *"$candidate"* && $current == *"$candidate"* ]]; then
			what=${current%"${current##*"$candidate"}"}
			((${#what} > ${#start})) && start=$what
		fi
	done
	COMPREPLY=()
	while IFS=$'\t' read -r candidate what; do
		case $candidate in
		/files)
			compopt -o filenames
			mapfile -t COMPREPLY < <(compgen -f -- "$current")
			;;
		/directories)
			compopt -o filenames
			mapfile -t COMPREPLY < <(compgen -d -- "$current")
			;;
		*)
			COMPREPLY+=("${candidate#"$start"}")
			;;
		esac
	done < <("$program" complete -- "${words[@]:1}" 2>/dev/null)
	return 0
}

complete -F _diarchy diarchy
