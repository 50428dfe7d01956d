// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "line.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *buffer_reserve(struct buffer *b, size_t more)
{
	if (b->room - b->len < more) {
		size_t room = b->len + more > 2 * b->room ? b->len + more : 2 * b->room;

		b->data = realloc(b->data, room);
		if (!b->data) {
			fprintf(stderr, "livestack-agent: no memory for %zu bytes\n", room);
			exit(1);
		}
		b->room = room;
	}
	return b->data + b->len;
}

void buffer_add(struct buffer *b, const void *data, size_t len)
{
	if (len)
		memcpy(buffer_reserve(b, len), data, len);
	b->len += len;
}

void buffer_print(struct buffer *b, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	buffer_reserve(b, len + 1);
	va_start(ap, fmt);
	vsnprintf(b->data + b->len, len + 1, fmt, ap);
	va_end(ap);
	b->len += len;
}

void buffer_add_bytes(struct buffer *b, const char *key, const void *data, size_t len)
{
	const unsigned char *p = data;
	char *out;

	buffer_print(b, " %s=", key);
	out = buffer_reserve(b, (len + 2) / 3 * 4);
	for (; len >= 3; len -= 3, p += 3) {
		*out++ = digits[p[0] >> 2];
		*out++ = digits[(p[0] & 3) << 4 | p[1] >> 4];
		*out++ = digits[(p[1] & 15) << 2 | p[2] >> 6];
		*out++ = digits[p[2] & 63];
	}
	if (len) {
		unsigned char second = len == 2 ? p[1] : 0;

		*out++ = digits[p[0] >> 2];
		*out++ = digits[(p[0] & 3) << 4 | second >> 4];
		*out++ = len == 2 ? digits[(second & 15) << 2] : '=';
		*out++ = '=';
	}
	b->len = out - b->data;
}

void buffer_free(struct buffer *b)
{
	free(b->data);
	*b = (struct buffer){ 0 };
}

bool is_id(const char *text, size_t len)
{
	if (!len || len > LS_ID_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '_' && text[i] != '-')
			return false;
	return true;
}

static bool is_field(const char *word)
{
	size_t len = strcspn(word, "=");

	return len && word[len] == '=';
}

bool request_parse(struct request *r, char *line)
{
	size_t words = 1;
	char *word;

	*r = (struct request){ 0 };
	for (char *p = line; *p; p++)
		words += *p == ' ';
	r->id = strsep(&line, " ");
	if (!is_id(r->id, strlen(r->id))) {
		r->id = NULL;
		return false;
	}
	r->fields = words <= LS_FIELDS_MAX + 2 ? calloc(words, sizeof(*r->fields)) : NULL;
	if (!r->fields)
		return false;
	r->verb = strsep(&line, " ");
	while ((word = strsep(&line, " "))) {
		if (!is_field(word))
			return false;
		r->fields[r->count++] = word;
	}
	return r->verb && *r->verb;
}

void request_free(struct request *r)
{
	free(r->fields);
}

static char *nth_field(const struct request *r, const char *key, size_t index)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < r->count; i++)
		if (!strncmp(r->fields[i], key, len) && r->fields[i][len] == '=' && !index--)
			return r->fields[i] + len + 1;
	return NULL;
}

size_t field_count(const struct request *r, const char *key)
{
	size_t n = 0;

	while (nth_field(r, key, n))
		n++;
	return n;
}

char *field(const struct request *r, const char *key)
{
	return nth_field(r, key, 0);
}

bool field_number(const struct request *r, const char *key, uint64_t min, uint64_t max,
		  uint64_t *value)
{
	char *text = field(r, key), *end;

	/* strtoull takes signs and spaces, too. */
	if (!text || !isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return !*end && !errno && *value >= min && *value <= max;
}

static int digit_value(char c)
{
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) : -1;
}

char *field_bytes(const struct request *r, const char *key, size_t index, size_t *len)
{
	char *text = nth_field(r, key, index), *out = text;
	size_t have = text ? strlen(text) : 0, padding = 0;

	if (!text || have % 4)
		return NULL;
	while (padding < 2 && padding < have && text[have - 1 - padding] == '=')
		padding++;
	for (size_t i = 0; i < have; i += 4) {
		uint32_t group = 0;

		for (size_t j = 0; j < 4; j++) {
			int value = i + j < have - padding ? digit_value(text[i + j]) : 0;

			if (value < 0)
				return NULL;
			group = group << 6 | value;
		}
		*out++ = group >> 16;
		*out++ = group >> 8;
		*out++ = group;
	}
	*len = have / 4 * 3 - padding;
	text[*len] = '\0';
	return text;
}

char *field_string(const struct request *r, const char *key, size_t index)
{
	size_t len;
	char *text = field_bytes(r, key, index, &len);

	return text && strlen(text) == len ? text : NULL;
}
