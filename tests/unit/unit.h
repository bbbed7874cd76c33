/* SPDX-License-Identifier: GPL-3.0-or-later
 * unit.h - run the tests of one program under Check.
 * Rule: a program has one list of its tests, at its end; what is not in the list is unused, and the
 * compiler says so.
 */
#ifndef VITRINE_TESTS_UNIT_UNIT_H
#define VITRINE_TESTS_UNIT_UNIT_H

#include <check.h>

#include "core/base/types.h"

/* Run tests[n]; returns the exit status of the program. */
static inline int unit_run(const char *name, const TTest *const *tests, size_t n)
{
	Suite *suite = suite_create(name);
	TCase *tc = tcase_create("facts");
	SRunner *runner = srunner_create(suite);
	int failed;

	for (size_t i = 0; i < n; i++)
		tcase_add_test(tc, tests[i]);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

#endif
