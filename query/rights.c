/* Rights of folders: see rights.h. */
#include "query/rights.h"

#include <grp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEM_SIZE	4096

bool
rights_missing(const char *dir, char out[RIGHTS_TEXT_MAX])
{
	struct group gr, *found = NULL;
	struct stat st;
	char mem[MEM_SIZE];

	if (stat(dir, &st) == -1 || !S_ISDIR(st.st_mode) ||
	    access(dir, R_OK | X_OK) == 0 ||
	    (st.st_mode & (S_IRGRP | S_IXGRP)) != (S_IRGRP | S_IXGRP) ||
	    getgrgid_r(st.st_gid, &gr, mem, sizeof(mem), &found) != 0 ||
	    found == NULL)
		return false;
	(void)snprintf(out, RIGHTS_TEXT_MAX, "group %.60s may read %.100s: as "
	    "root, adduser YOUR-NAME %.60s, then log in again", gr.gr_name,
	    dir, gr.gr_name);
	return true;
}
