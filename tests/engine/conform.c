/* SPDX-License-Identifier: GPL-3.0-or-later
 * conform.c - does an engine keep the contract of core/engine.h?  Each test runs once per engine of this host.
 * Rule: an engine that cannot be used is a line that says why, not a failure.
 */
#include <stdio.h>

#include "tests/engine/rig.h"

int main(void)
{
	Suite *s = suite_create("engine");
	SRunner *runner = srunner_create(s);
	struct err err = { 0 };
	int failed;

	if (!rig_engines[1]->available || !rig_engines[1]->available(&err))
		rig_nengines = 2;
	else
		printf("skipped: %s: %s\n", rig_engines[1]->name, err.text);
	suite_add_tcase(s, conform_run());
	suite_add_tcase(s, conform_state());
	suite_add_tcase(s, conform_window());
	suite_add_tcase(s, conform_time());
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
