#include "json/utf8.h"

#include <string.h>

size_t utf8_length(const unsigned char *p, size_t left)
{
	static const struct {
		unsigned char first_low, first_high, second_low, second_high, length;
	} rows[] = {
		{0xC2, 0xDF, 0x80, 0xBF, 2},
		{0xE0, 0xE0, 0xA0, 0xBF, 3},
		{0xE1, 0xEC, 0x80, 0xBF, 3},
		{0xED, 0xED, 0x80, 0x9F, 3},
		{0xEE, 0xEF, 0x80, 0xBF, 3},
		{0xF0, 0xF0, 0x90, 0xBF, 4},
		{0xF1, 0xF3, 0x80, 0xBF, 4},
		{0xF4, 0xF4, 0x80, 0x8F, 4},
	};

	if (p[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (p[0] < rows[i].first_low || p[0] > rows[i].first_high)
			continue;
		if (left < rows[i].length || p[1] < rows[i].second_low ||
			p[1] > rows[i].second_high)
			return 0;
		for (size_t k = 2; k < rows[i].length; k++)
			if (p[k] < 0x80 || p[k] > 0xBF)
				return 0;
		return rows[i].length;
	}
	return 0;
}

bool utf8_copy(char *to, size_t size, const char *from)
{
	size_t n = strnlen(from, size);
	bool fits = n < size;

	if (!fits)
		n = size - 1;
	while (!fits && n > 0 && ((unsigned char)from[n] & 0xC0) == 0x80)
		n--;
	memcpy(to, from, n);
	to[n] = '\0';
	return fits;
}
