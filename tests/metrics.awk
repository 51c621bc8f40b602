# What promtool and the Prometheus parser ask of a metrics text, one complaint
# a line; nothing when it is clean.  Families: HELP, then TYPE, once, then all
# their samples together; counters end in _total, nothing else does; names,
# labels and numbers well formed; no sample twice.
function bad(why) { print NR ": " why ": " $0 }

# the family that a sample's name belongs to
function family(name) {
	if (type[current] == "summary" &&
	    (name == current "_sum" || name == current "_count"))
		return current
	return name
}

/^# HELP / {
	if ($3 in help) bad("HELP twice")
	if (NF < 4) bad("no help text")
	if ($3 !~ /^flowdb_[a-z0-9_]+$/) bad("name")
	help[$3] = 1
	announced = $3
	next
}
/^# TYPE / {
	if ($3 in type) bad("TYPE twice")
	if ($3 != announced) bad("TYPE without HELP before it")
	if ($4 !~ /^(counter|gauge|summary)$/) bad("type")
	if ($4 == "counter" && $3 !~ /_total$/) bad("counter without _total")
	if ($4 != "counter" && $3 ~ /_total$/) bad("_total, but no counter")
	type[$3] = $4
	current = $3
	next
}
/^#/ || /^$/ { bad("neither HELP nor TYPE"); next }
{
	series = $0
	sub(/ [^ ]*$/, "", series)
	name = series
	sub(/\{.*/, "", name)
	if (family(name) != current) bad("not of the family before it")
	labels = substr(series, length(name) + 1)
	# take well-formed labels away one by one
	if (labels != "") {
		rest = substr(labels, 2, length(labels) - 2)
		if (labels !~ /^\{.*\}$/) bad("labels")
		while (match(rest, /^[a-z_]+="([^"\\\n]|\\[\\"n])*"(,|$)/)) {
			one = substr(rest, 1, RLENGTH)
			sub(/=.*/, "", one)
			if ((NR, one) in label) bad("label twice")
			label[NR, one] = 1
			rest = substr(rest, RLENGTH + 1)
		}
		if (rest != "") bad("label")
	}
	if ($NF !~ /^[0-9]+(\.[0-9]+)?$/) bad("number")
	if (series in seen) bad("twice")
	seen[series] = 1
	samples[current]++
}
END {
	for (f in type)
		if (!samples[f]) print "no sample: " f
	if (NR == 0) print "empty"
}
