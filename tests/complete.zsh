# What zsh offers for a command line: one word a line, in the order of zsh.
# An interactive zsh of its own types the line and a TAB; its compadd writes
# down what it is given.
#
#	zsh -f tests/complete.zsh FOLDER "flowq -s dst"
#
# FOLDER holds the completions, as _flowq.
zmodload zsh/zpty || exit 1
zpty shell "zsh -f -i"
drain() {
	local chunk
	while zpty -r -t shell chunk; do :; done
}
out=$(mktemp) || exit 1
trap 'rm -f $out' EXIT
line=$2
zpty -w shell "PROMPT= RPS1= ; fpath=($1 \$fpath); autoload -U compinit;
compinit -D -u; compadd() {
	local -a found given
	given=(\"\$@\")
	if (( \${given[(I)-[OAD]]} )); then builtin compadd \"\$@\"; return; fi
	builtin compadd -O found \"\$@\"
	print -rl -- \${(q-)\${found[@]/#/\$IPREFIX}} >>$out
	builtin compadd \"\$@\"
}
bindkey '^I' complete-word
# told when the list is there: the key after the TAB
told() { print done >>$out; zle kill-whole-line }
zle -N told; bindkey '^X' told; print ready >>$out"
waited() {
	local i
	for i in {1..200}; do
		grep -qx $1 $out && return 0
		drain
		sleep 0.05
	done
	return 1
}
waited ready || exit 1
: >$out
zpty -w -n shell "$line"$'\t'$'\x18'
waited done || exit 1
zpty -d shell
grep -v '^done$' $out
exit 0
