/* SPDX-License-Identifier: GPL-3.0-or-later
 * nbd-lib.c - load libnbd and look its functions up.
 * Rule: it stays loaded to the end of the process, so a second disk finds it at once.
 */
#include "devices/backends/nbd-lib.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

int nbd_lib_load(struct nbd_lib *lib, struct err *err)
{
	static const char *const names[] = {
#define F(name) #name,
		NBD_FUNCTIONS(F)
#undef F
	};
	void *library = dlopen("libnbd.so.0", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE), *function = NULL;

	_Static_assert(sizeof(*lib) == sizeof(names), "a pointer for each name, in their order");
	if (!library)
		return err_set(err, ENOENT, "this needs the library libnbd (Debian: libnbd0), which is not installed");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		function = dlsym(library, names[i]);
		if (!function)
			return err_set(err, ENOENT, "libnbd has no %s; expected version 1.2 or later", names[i]);
		memcpy((char *)lib + i * sizeof(function), &function, sizeof(function));
	}
	return 0;
}
