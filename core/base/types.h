/* SPDX-License-Identifier: GPL-3.0-or-later
 * types.h - short names for fixed-width integers and three universal macros.
 * Rule: nothing here may know what the program is about.
 */
#ifndef VITRINE_CORE_BASE_TYPES_H
#define VITRINE_CORE_BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t i8;
typedef int16_t i16;
typedef int32_t i32;
typedef int64_t i64;

#define LIKELY(x)    __builtin_expect(!!(x), 1)
#define UNLIKELY(x)  __builtin_expect(!!(x), 0)
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Registers are addressed by byte offset (AH is byte 1 of RAX): the host must be little-endian. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "vitrine needs a little-endian host");

#endif
