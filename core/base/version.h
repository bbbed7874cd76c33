/* SPDX-License-Identifier: GPL-3.0-or-later
 * version.h - what this program calls itself.
 * Rule: every place that names the version takes it from here.
 */
#ifndef VITRINE_CORE_BASE_VERSION_H
#define VITRINE_CORE_BASE_VERSION_H

#define VITRINE_VERSION "0.1"

#endif
