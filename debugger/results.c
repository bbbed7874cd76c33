/* SPDX-License-Identifier: GPL-3.0-or-later
 * results.c - the files a run is going to write, looked at before it begins.
 * Rule: nothing is opened or made here; what is refused here has left every file as it was.
 */
#include "debugger/results.h"

#include <errno.h>
#include <string.h>

#include "debugger/host-file.h"

struct named {
	const char *option, *path;
};
enum { RESULTS = 6, INPUTS = 5 + 2 * PC_DISKS + IMAGE_MODULES };

static void add(struct named *list, int *n, const char *option, const char *path)
{
	if (path)
		list[(*n)++] = (struct named){ option, path };
}

/* --save comes first: it alone may replace the image, which has been read by then and stays whole until the
 * snapshot is complete. */
static int list_results(const struct machine_options *o, struct named list[RESULTS])
{
	int n = 0;

	add(list, &n, "--save", o->save);
	add(list, &n, "--json", o->json && strcmp(o->json, "-") ? o->json : NULL);
	add(list, &n, "--serial", file_place(o->serial));
	add(list, &n, "--debugcon", file_place(o->debugcon));
	add(list, &n, "--screendump", o->screendump);
	add(list, &n, "pcap=", o->net.pcap);
	return n;
}

static int list_inputs(const struct machine_options *o, bool save, struct named list[INPUTS])
{
	int n = 0;

	add(list, &n, "the image", save ? NULL : o->image);
	add(list, &n, "--kernel", o->kernel);
	add(list, &n, "--bios", o->bios);
	add(list, &n, "--vgabios", o->vgabios && strcmp(o->vgabios, "none") ? o->vgabios : NULL);
	for (u32 i = 0; i < o->disks.n; i++)
		add(list, &n, "--disk", o->disks.disk[i].path), add(list, &n, "overlay=", o->disks.disk[i].overlay);
	add(list, &n, "--cdrom", o->disks.cdrom);
	for (int i = 0; i < o->nmodules; i++)
		add(list, &n, "--module", o->module[i]);
	return n;
}

static int differ(const struct named *result, const struct named *others, int n, struct err *err)
{
	for (int i = 0; i < n; i++)
		if (host_path_same(result->path, others[i].path))
			return err_set(err, EINVAL, "%s %.120s: is the same file as %s; expected a file of its own",
				       result->option, result->path, others[i].option);
	return 0;
}

int results_check(const struct machine_options *o, struct err *err)
{
	struct named result[RESULTS], input[INPUTS];
	int n = list_results(o, result), rc = 0;

	for (int i = 0; i < n && !rc; i++) {
		bool save = result[i].path == o->save;
		int ninputs = list_inputs(o, save, input);

		rc = save ? host_path_replaceable(result[i].option, result[i].path, err)
			  : host_path_writable(result[i].option, result[i].path, err);
		if (!rc)
			rc = differ(&result[i], input, ninputs, err);
		if (!rc)
			rc = differ(&result[i], result, i, err);
	}
	return rc;
}
