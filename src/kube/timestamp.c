#include "kube/timestamp.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/str.h"

enum {
	DAY_S = 24 * 60 * 60,
	DAYS_PER_400_YEARS = 146097,
	/* From 0000-03-01 to 1970-01-01. */
	DAYS_BEFORE_1970 = 719468,
};

struct date {
	int year, month, day; /* from 1 */
};

/*
 * Years start in March, so that a leap day is the last of its year; then month m, from 0, begins on
 * day (153 * m + 2) / 5 of it.
 */
static int64_t date_to_days(struct date d)
{
	int64_t year = d.year - (d.month <= 2) + 400; /* 400 more: never below 0 */
	int month = (d.month + 9) % 12;

	return year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + d.day - 1 -
	       DAYS_BEFORE_1970 - DAYS_PER_400_YEARS;
}

static struct date days_to_date(int64_t days)
{
	int64_t since = days + DAYS_BEFORE_1970 + DAYS_PER_400_YEARS;
	int64_t era = since / DAYS_PER_400_YEARS;
	int64_t day = since % DAYS_PER_400_YEARS;
	/* Days without those of 29 February, subtracted at the end of each leap cycle. */
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t of_year = day - (year * 365 + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;

	return (struct date){
		.year = (int)(era * 400 + year - 400 + (month >= 10)),
		.month = (int)(month < 10 ? month + 3 : month - 9),
		.day = (int)(of_year - (153 * month + 2) / 5 + 1),
	};
}

static int month_length(int year, int month)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return lengths[month - 1] + (month == 2 && leap);
}

/* This many digits, then the character that must follow them, unless it is NUL. */
static bool take(const char **s, int digits, char after, int min, int max, int *ret)
{
	int n = 0;

	for (; digits > 0; digits--, (*s)++) {
		if (!str_is_digit(**s))
			return false;
		n = n * 10 + (**s - '0');
	}
	if (n < min || n > max || (after && *(*s)++ != after))
		return false;
	*ret = n;
	return true;
}

/* ".123456789", cut to milliseconds; an empty fraction is 0. */
static bool take_fraction(const char **s, int *ret_ms)
{
	int ms = 0, scale = 100;

	if (**s == '.') {
		if (!str_is_digit(*++*s))
			return false;
		for (; str_is_digit(**s); (*s)++, scale /= 10)
			ms += (**s - '0') * scale;
	}
	*ret_ms = ms;
	return true;
}

/* "Z", or "+01:00": how far ahead of UTC. */
static bool take_offset(const char **s, int *ret_s)
{
	char sign = *(*s)++;
	int hours, minutes;

	if (sign == 'Z') {
		*ret_s = 0;
		return true;
	}
	if ((sign != '+' && sign != '-') || !take(s, 2, ':', 0, 23, &hours) ||
		!take(s, 2, '\0', 0, 59, &minutes))
		return false;
	*ret_s = (hours * 60 + minutes) * (sign == '-' ? -60 : 60);
	return true;
}

int timestamp_parse(const char *text, int64_t *ret_ms)
{
	int hour, minute, second, fraction_ms, offset_s;
	struct date d;
	int64_t ms;

	if (!take(&text, 4, '-', 0, 9999, &d.year) || !take(&text, 2, '-', 1, 12, &d.month) ||
		!take(&text, 2, 'T', 1, month_length(d.year, d.month), &d.day) ||
		!take(&text, 2, ':', 0, 23, &hour) || !take(&text, 2, ':', 0, 59, &minute) ||
		!take(&text, 2, '\0', 0, 59, &second) || !take_fraction(&text, &fraction_ms) ||
		!take_offset(&text, &offset_s) || *text)
		return -1;
	second += hour * 3600 + minute * 60 - offset_s;
	ms = (date_to_days(d) * DAY_S + second) * 1000 + fraction_ms;
	if (ms < TIMESTAMP_MIN_MS || ms > TIMESTAMP_MAX_MS)
		return -1;
	*ret_ms = ms;
	return 0;
}

/* The whole second, and the remaining milliseconds. */
static struct timestamp format_second(int64_t ms, const char *after, int *ret_ms)
{
	struct timestamp t;
	struct date d;
	int64_t s, days;

	if (ms < TIMESTAMP_MIN_MS)
		ms = TIMESTAMP_MIN_MS;
	if (ms > TIMESTAMP_MAX_MS)
		ms = TIMESTAMP_MAX_MS;
	/* Divided from the year 0000 on, where nothing is negative. */
	s = (ms - TIMESTAMP_MIN_MS) / 1000;
	*ret_ms = (int)((ms - TIMESTAMP_MIN_MS) % 1000);
	days = s / DAY_S;
	s %= DAY_S;
	d = days_to_date(days + TIMESTAMP_MIN_MS / 1000 / DAY_S);
	(void)snprintf(t.text, sizeof(t.text), "%04u-%02u-%02uT%02u:%02u:%02u%s",
		(unsigned)d.year % 10000, (unsigned)d.month % 100, (unsigned)d.day % 100,
		(unsigned)(s / 3600) % 100, (unsigned)(s / 60 % 60), (unsigned)(s % 60), after);
	return t;
}

struct timestamp timestamp_format(int64_t ms)
{
	int rest_ms;

	return format_second(ms, "Z", &rest_ms);
}

struct timestamp timestamp_format_micro(int64_t ms)
{
	int rest_ms;
	struct timestamp t = format_second(ms, "", &rest_ms);
	size_t len = strlen(t.text);

	(void)snprintf(t.text + len, sizeof(t.text) - len, ".%03u000Z", (unsigned)rest_ms % 1000);
	return t;
}
