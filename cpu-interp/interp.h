/* SPDX-License-Identifier: GPL-3.0-or-later
 * interp.h - the interpreter as an engine (core/engine.h).
 */
#ifndef VITRINE_CPU_INTERP_INTERP_H
#define VITRINE_CPU_INTERP_INTERP_H

#include "core/engine.h"

extern const struct engine engine_interp;

#endif
