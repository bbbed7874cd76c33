/* SPDX-License-Identifier: GPL-3.0-or-later
 * rtc.c - MC146818 real-time clock with 128 bytes of battery-backed memory (CMOS).
 * Ports: 70h (index, and the NMI mask), 71h (data).
 * Rule: sync() first: it brings the time registers and the flags of register C to the present; between
 * accesses the clock is only the pair {base_s, base_ns}.
 * NOT MODELLED: daylight saving, square-wave output; the weekday follows from the date, a written one is
 * not kept; registers that hold no date (month 13) are read as the nearest one when the clock starts.
 * Source: Motorola MC146818 data sheet; century byte 32h as in IBM's PC/AT technical reference.
 */
#include "devices/rtc.h"

/* clang-format off */
enum { SECONDS, SECONDS_ALARM, MINUTES, MINUTES_ALARM, HOURS, HOURS_ALARM, WEEKDAY, DAY, MONTH, YEAR,
       REG_A, REG_B, REG_C, REG_D, CENTURY = 0x32 };
enum { A_UIP = 0x80, A_DIVIDER = 0x70, A_DIVIDER_RESET = 0x60, A_RATE = 0x0f };
enum { B_SET = 0x80, B_PIE = 0x40, B_AIE = 0x20, B_UIE = 0x10, B_SQWE = 0x08, B_BINARY = 0x04, B_24H = 0x02 };
enum { C_IRQF = 0x80, C_PF = 0x40, C_AF = 0x20, C_UF = 0x10 };
enum { D_VALID = 0x80, PM = 0x80, NMI_MASK = 0x80 };
/* clang-format on */
enum { TIMER_PERIODIC, TIMER_SECOND };
#define NS 1000000000ull
#define UIP_NS 2228000ull /* 244 us of warning, then 1984 us of update */

static struct rtc *of(struct device *d)
{
	return (struct rtc *)d;
}

/* ---- the calendar ---- */

struct date {
	i64 year;
	int month, day, weekday, hour, minute, second;
};

/* Days since 1970-01-01 of a Gregorian date; the year is taken to begin in March, so the leap day comes
 * last. */
static i64 days_of(i64 year, int month, int day)
{
	i64 y = year - (month <= 2), m = (month + 9) % 12;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static struct date date_of(i64 unix_seconds)
{
	i64 days = unix_seconds / 86400, rest = unix_seconds % 86400;
	struct date d = { .year = 1970 };

	if (rest < 0) {
		rest += 86400;
		days--;
	}
	d.weekday = (int)(((days + 4) % 7 + 7) % 7) + 1; /* 1 = Sunday; 1970-01-01 was a Thursday */
	d.hour = (int)(rest / 3600);
	d.minute = (int)(rest / 60 % 60);
	d.second = (int)(rest % 60);
	d.year += days / 366; /* never too late; at most a few years too early */
	while (days_of(d.year + 1, 1, 1) <= days)
		d.year++;
	while (days_of(d.year, 1, 1) > days)
		d.year--;
	for (d.month = 12; days_of(d.year, d.month, 1) > days;)
		d.month--;
	d.day = (int)(days - days_of(d.year, d.month, 1)) + 1;
	return d;
}

static i64 unix_of(const struct date *d)
{
	return days_of(d->year, d->month, d->day) * 86400 + d->hour * 3600 + d->minute * 60 + d->second;
}

static i64 clamp(i64 v, i64 low, i64 high)
{
	return v < low ? low : v > high ? high : v;
}

/* ---- registers ---- */

static u8 encode(const struct rtc_state *s, int v)
{
	return (u8)(s->ram[REG_B] & B_BINARY ? v : v % 10 | v / 10 << 4);
}

static int decode(const struct rtc_state *s, u8 v)
{
	return s->ram[REG_B] & B_BINARY ? v : (v & 15) + (v >> 4) * 10;
}

static u8 encode_hour(const struct rtc_state *s, int hour)
{
	if (s->ram[REG_B] & B_24H)
		return encode(s, hour);
	return encode(s, (hour + 11) % 12 + 1) | (hour >= 12 ? PM : 0);
}

static int decode_hour(const struct rtc_state *s, u8 v)
{
	if (s->ram[REG_B] & B_24H)
		return decode(s, v);
	return decode(s, v & 0x7f) % 12 + (v & PM ? 12 : 0);
}

static void show(struct rtc_state *s, const struct date *d)
{
	int century = (int)(d->year / 100);

	s->ram[SECONDS] = encode(s, d->second);
	s->ram[MINUTES] = encode(s, d->minute);
	s->ram[HOURS] = encode_hour(s, d->hour);
	s->ram[WEEKDAY] = encode(s, d->weekday);
	s->ram[DAY] = encode(s, d->day);
	s->ram[MONTH] = encode(s, d->month);
	s->ram[YEAR] = encode(s, (int)(d->year % 100));
	s->ram[CENTURY] = (u8)(century % 10 | century / 10 << 4); /* kept by software, always decimal */
}

/* The time the registers say. */
static i64 shown(const struct rtc_state *s)
{
	static const u8 length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int century = (s->ram[CENTURY] & 15) + (s->ram[CENTURY] >> 4) * 10;
	struct date d = {
		.year = clamp(century, 0, 99) * 100 + clamp(decode(s, s->ram[YEAR]), 0, 99),
		.month = (int)clamp(decode(s, s->ram[MONTH]), 1, 12),
		.hour = (int)clamp(decode_hour(s, s->ram[HOURS]), 0, 23),
		.minute = (int)clamp(decode(s, s->ram[MINUTES]), 0, 59),
		.second = (int)clamp(decode(s, s->ram[SECONDS]), 0, 59),
	};
	bool leap = (d.year % 4 == 0 && d.year % 100 != 0) || d.year % 400 == 0;

	d.day = (int)clamp(decode(s, s->ram[DAY]), 1, length[d.month - 1] + (leap && d.month == 2));
	return unix_of(&d);
}

static bool alarm_matches(const struct rtc_state *s, i64 unix_seconds)
{
	i64 rest = (unix_seconds % 86400 + 86400) % 86400;
	const u8 a[] = { s->ram[SECONDS_ALARM], s->ram[MINUTES_ALARM], s->ram[HOURS_ALARM] };
	const u8 t[] = { encode(s, (int)(rest % 60)), encode(s, (int)(rest / 60 % 60)),
			 encode_hour(s, (int)(rest / 3600)) };

	for (int i = 0; i < 3; i++)
		if ((a[i] & 0xc0) != 0xc0 && a[i] != t[i]) /* C0h and above: any value will do */
			return false;
	return true;
}

/* ---- the passing of time ---- */

static bool frozen(const struct rtc_state *s)
{
	return s->ram[REG_B] & B_SET || (s->ram[REG_A] & A_DIVIDER_RESET) == A_DIVIDER_RESET;
}

/* Whole seconds from base to a moment. */
static u64 seconds_at(const struct rtc_state *s, u64 ns)
{
	return (ns - s->base_ns[0]) / NS;
}

/* Length of the periodic interrupt in ticks of 32768 Hz, 0 = off (data sheet, table 5). */
static u64 period(const struct rtc_state *s)
{
	u8 rate = s->ram[REG_A] & A_RATE;

	return rate == 0 ? 0 : rate <= 2 ? 64ull << rate : 1ull << (rate - 1);
}

static u64 slow_tick(u64 ns)
{
	return (u64)((unsigned __int128)ns * 32768 / NS);
}

static u64 slow_tick_ns(u64 tick)
{
	return (u64)(((unsigned __int128)tick * NS + 32767) / 32768);
}

static void drive(struct rtc *r)
{
	struct rtc_state *s = &r->s;
	u64 seen = s->seen[0]; /* now, or when saved: a deadline just reached is not to be skipped */
	u8 b = s->ram[REG_B];

	s->ram[REG_C] &= (u8)~C_IRQF;
	if (s->ram[REG_C] & b & (C_PF | C_AF | C_UF)) /* enables and flags share their places */
		s->ram[REG_C] |= C_IRQF;
	irq_set(&r->irq, !!(s->ram[REG_C] & C_IRQF));

	if (b & B_PIE && period(s))
		device_timer_set(&r->dev, TIMER_PERIODIC,
				 slow_tick_ns((slow_tick(seen) / period(s) + 1) * period(s)));
	else
		device_timer_cancel(&r->dev, TIMER_PERIODIC);
	if (b & (B_AIE | B_UIE) && !frozen(s))
		device_timer_set(&r->dev, TIMER_SECOND, s->base_ns[0] + (seconds_at(s, seen) + 1) * NS);
	else
		device_timer_cancel(&r->dev, TIMER_SECOND);
}

static void sync(struct rtc *r)
{
	struct rtc_state *s = &r->s;
	u64 now = device_now(&r->dev), p = period(s);

	if (p && slow_tick(now) / p != slow_tick(s->seen[0]) / p)
		s->ram[REG_C] |= C_PF;
	if (!frozen(s)) {
		u64 from = seconds_at(s, s->seen[0]), to = seconds_at(s, now);
		struct date d = date_of((i64)(s->base_s[0] + to));

		if (to > from)
			s->ram[REG_C] |= C_UF;
		if (to > from + 86400) /* an alarm comes once a day at least */
			from = to - 86400;
		for (u64 i = from + 1; i <= to && !(s->ram[REG_C] & C_AF); i++)
			if (alarm_matches(s, (i64)(s->base_s[0] + i)))
				s->ram[REG_C] |= C_AF;
		show(s, &d);
	}
	s->seen[0] = now;
}

static void rtc_timer(struct device *d, u32 which)
{
	sync(of(d));
	drive(of(d));
}

/* The clock goes on from what the registers show; `phase` ns of the present second are already over. */
static void start_from_registers(struct rtc *r, u64 phase)
{
	r->s.base_s[0] = (u64)shown(&r->s);
	r->s.base_ns[0] = device_now(&r->dev) - phase;
}

/* ---- the ports ---- */

static bool is_time(u8 index)
{
	return index <= YEAR ? index != SECONDS_ALARM && index != MINUTES_ALARM && index != HOURS_ALARM
			     : index == CENTURY;
}

static void write_register(struct rtc *r, u8 index, u8 v)
{
	struct rtc_state *s = &r->s;
	u64 phase = (device_now(&r->dev) - s->base_ns[0]) % NS;
	bool was_frozen = frozen(s), divider_stopped = (s->ram[REG_A] & A_DIVIDER_RESET) == A_DIVIDER_RESET;

	if (index == REG_C || index == REG_D)
		return;
	if (index == REG_A)
		v &= (u8)~A_UIP;
	if (index == REG_B && v & B_SET) /* setting the time ends update interrupts */
		v &= (u8)~B_UIE;
	s->ram[index] = v;
	if (is_time(index) && !was_frozen)
		start_from_registers(r, phase);
	if (was_frozen && !frozen(s)) /* after a divider reset the first update comes half a second later */
		start_from_registers(r, divider_stopped ? NS / 2 : phase);
}

static u8 read_register(struct rtc *r, u8 index)
{
	struct rtc_state *s = &r->s;
	u8 value = s->ram[index];

	if (index == REG_A && !frozen(s) && NS - (device_now(&r->dev) - s->base_ns[0]) % NS <= UIP_NS)
		value |= A_UIP;
	if (index == REG_C)
		s->ram[REG_C] = 0;
	return value;
}

static void rtc_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	struct rtc *r = of(d);

	if (offset == 0) {
		r->s.index[0] = (u8)value;
		irq_set(&r->nmi_mask, !!(value & NMI_MASK));
		return;
	}
	sync(r);
	write_register(r, r->s.index[0] & 0x7f, (u8)value);
	drive(r);
}

static u64 rtc_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	struct rtc *r = of(d);
	u8 value;

	if (offset == 0)
		return 0xff; /* the index cannot be read back */
	sync(r);
	value = read_register(r, r->s.index[0] & 0x7f);
	drive(r);
	return value;
}

void rtc_power_up(struct device *d, i64 unix_seconds)
{
	struct rtc *r = of(d);
	struct date date = date_of(clamp(unix_seconds, -2208988800, 253402300799));

	r->s.ram[REG_A] = 0x26; /* 32768 Hz divider, 1024 Hz periodic rate: what a BIOS sets */
	r->s.ram[REG_B] = B_24H;
	r->s.ram[REG_D] = D_VALID;
	show(&r->s, &date);
	start_from_registers(r, 0);
	r->s.seen[0] = device_now(d);
}

void rtc_poke(struct device *d, u8 index, u8 value)
{
	if (index > REG_D && index < RTC_BYTES && index != CENTURY)
		of(d)->s.ram[index] = value;
}

/* The reset pin clears the enables and the flags, nothing else. */
static void rtc_reset(struct device *d)
{
	struct rtc *r = of(d);

	sync(r);
	r->s.index[0] = 0;
	r->s.ram[REG_B] &= (u8) ~(B_PIE | B_AIE | B_UIE | B_SQWE);
	r->s.ram[REG_C] = 0;
	irq_set(&r->nmi_mask, 0);
	drive(r);
}

static void rtc_restored(struct device *d)
{
	struct rtc *r = of(d);
	u64 now = device_now(d);

	r->s.base_s[0] = (u64)clamp((i64)r->s.base_s[0], -62167219200, 253402300799);
	if (r->s.seen[0] > now)
		r->s.seen[0] = now;
	irq_set(&r->nmi_mask, !!(r->s.index[0] & NMI_MASK));
	drive(r);
}

static const char *const regs[] = { "CMOS index", "CMOS data" };
static const struct claim claims[] = { { SPACE_PORT, 0x70, 2, regs, 2, 1 } };

const struct device_class rtc_class = {
	.name = "rtc",
	.brief = "MC146818 real-time clock and CMOS memory",
	.layout = &rtc_state_layout,
	.claims = claims,
	.nclaims = ARRAY_LEN(claims),
	.ntimers = 2,
	.battery = true,
	.read = rtc_read,
	.write = rtc_write,
	.timer = rtc_timer,
	.reset = rtc_reset,
	.restored = rtc_restored,
};
