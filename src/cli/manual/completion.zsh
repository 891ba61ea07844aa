#compdef diarchy
# SPDX-License-Identifier: Apache-2.0
# Completion of diarchy for zsh: the program itself says what may come next.

_diarchy() {
	local -a candidates
	local line name
	integer ret=1

	while IFS= read -r line; do
		name=${line%%$'\t'*}
		case $name in
		/files) _files && ret=0 ;;
		/directories) _files -/ && ret=0 ;;
		*) candidates+=("${name//:/\\:}:${line#*$'\t'}") ;;
		esac
	done < <($words[1] complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
	(( $#candidates )) && _describe -V diarchy candidates && ret=0
	return ret
}

if [ "$funcstack[1]" = _diarchy ]; then
	_diarchy "$@"
else
	compdef _diarchy diarchy
fi
