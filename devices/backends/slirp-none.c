/* SPDX-License-Identifier: GPL-3.0-or-later
 * slirp-none.c - what stands in for slirp.c where libslirp is missing.
 * Rule: one clear sentence.
 */
#include <errno.h>

#include "devices/backends/slirp.h"

struct slirp_net *slirp_net_open(const struct slirp_options *o, struct cable *cable, struct outside *outside,
				 struct err *err)
{
	err_set(err, ENOSYS, "--net user: this program was built without libslirp; 'make deps' installs it, then build "
		"again");
	return NULL;
}

void slirp_net_close(struct slirp_net *s)
{
}
