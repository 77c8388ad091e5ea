/*
 * banned - functions whose use is a compile error.
 *
 * The Makefile includes this file before every source file. It pulls in the headers that declare
 * the functions first, so that the macros can't break the declarations.
 */
#ifndef PROMOGATE_BASE_BANNED_H
#define PROMOGATE_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED(func, instead) sorry_##func##_is_banned_use_##instead

/* No bound on what they write. */
#undef strcpy
#define strcpy(dst, src) BANNED(strcpy, buf_add)
#undef strcat
#define strcat(dst, src) BANNED(strcat, buf_add)
#undef sprintf
#define sprintf(...) BANNED(sprintf, buf_addf)
#undef vsprintf
#define vsprintf(...) BANNED(vsprintf, buf_vaddf)

/* A bound, but a result that may lack its NUL, or is cut silently. */
#undef strncpy
#define strncpy(dst, src, n) BANNED(strncpy, buf_addn)
#undef strncat
#define strncat(dst, src, n) BANNED(strncat, buf_addn)

/* No way to tell an error from a zero. */
#undef atoi
#define atoi(s) BANNED(atoi, str_to_int64)
#undef atol
#define atol(s) BANNED(atol, str_to_int64)
#undef atof
#define atof(s) BANNED(atof, strtod)

/* Hidden static state, shared by threads. */
#undef strtok
#define strtok(s, d) BANNED(strtok, strtok_r)
#undef gmtime
#define gmtime(t) BANNED(gmtime, gmtime_r)
#undef localtime
#define localtime(t) BANNED(localtime, gmtime_r)
#undef ctime
#define ctime(t) BANNED(ctime, strftime)
#undef asctime
#define asctime(t) BANNED(asctime, strftime)

#endif
