/*
 * sanitized - whether this build has a sanitizer: its frames are larger, and its reports need
 * system calls and files that the program does not.
 */
#ifndef PROMOGATE_RUN_SANITIZED_H
#define PROMOGATE_RUN_SANITIZED_H

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
	__has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#endif
