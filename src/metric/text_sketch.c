/*-------------------------------------------------------------------------
 *
 * text_sketch.c
 *	  Sketches of strings: how often characters occur, and perhaps the string.
 *
 * Characters fall into buckets.  A string has a count for each bucket: how many of
 * its characters are in it.  Its sketch tells which of some thresholds a count
 * reaches: word j has a bit for each bucket, which is set if the count is at least
 * threshold j.  One or two bytes have the string's length, where the largest number
 * stands for itself and more.
 *
 * A sequence of edits that turns q into o leaves some characters alone, and
 * these are in both strings.  There are at most common = sum of min(count in
 * q, count in o) of them.  All other characters of the longer string cost an
 * edit each:
 *
 *	max(length of q, length of o) - common <= d(q, o) <= max(length of ...)
 *
 * A count is taken to be as large as its thresholds allow, which is less than the next
 * one.  That makes common larger.  A length that was cut off makes the maximum less.
 * So the lower bound holds all the same.
 *
 * The thresholds are those that matter for the strings of the sample.  Most counts of
 * short strings are 0, 1 or 2, so a few bits tell them.  And a few operations on words
 * count what two strings have in common: with t as the thresholds,
 *
 *	min(q, t[j + 1] - 1) = min(q, t[0] - 1) + sum of (min(q, t[i + 1] - 1) - min(q, t[i] - 1))
 *
 * over i up to j, which are the bits that are set.  The differences are numbers of the
 * query; one binary digit of all of them is a mask (kernels_planes.h).
 *
 * If there is room, the sketch has the string itself, too, or its beginning, as
 * it is stored.  Then the distance is known, or a closer lower bound, without
 * the row.  The words of the sketch are for this: a page has the words of an
 * entry on fewer cache lines than it would have single bytes.
 *
 * The more evenly characters spread over the buckets, the more the counts
 * tell.  The frequent characters of a sample are dealt out, the most frequent
 * first, to the bucket that has least so far.  A hash decides where all others
 * go.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "port/pg_bitutils.h"

#include "metric/kernels.h"
#include "metric/kernels_planes.h"
#include "metric/text_sketch.h"

#define NARROW			256		/* codes of narrow strings */
#define BUCKETS			32		/* bits of a word */
#define MOST_WIDE		1024	/* wide characters with a bucket of their own */

/* This many characters are enough to know how frequent each is. */
#define MOST_COUNTED	4096	/* of one string */
#define MOST_WIDE_SEEN	(1 << 20)

/*
 * No sketch has more thresholds than this.  One is useful if a part of the counts
 * that is not too small reaches it, and another part does not.
 */
#define MOST_LEVELS		10
#define LEAST_REACHED	0.01

static const int thresholds_to_choose[] = {
	1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 22, 27, 33, 40, 50, 63, 80, 100, 125, 160, 200
};

/*
 * The first byte of a text in a sketch is the number of bytes that follow, and
 * whether more would, had they fit.
 */
#define TEXT_CUT		0x80
StaticAssertDecl(MM_TEXT_MOST < TEXT_CUT, "texts in sketches are too long for their length byte");

/*
 * This part of the strings of a sample fits the room for the text.  If that is not
 * at least so many bytes, the counts tell nearly everything, and then the text is
 * not worth its room.
 */
#define TEXT_FITS		0.75
#define TEXT_LEAST		8

struct MMCharCounts
{
	int64		narrow[NARROW];
	uint32	   *wide;			/* each one seen */
	int			nwide;
	int			allocated;
	int			longest;		/* string */
	int			strings;
	int			of_size[MM_TEXT_MOST + 1];	/* strings of each number of bytes */
};

typedef struct WideBucket
{
	uint32		code;
	uint32		bucket;
} WideBucket;

typedef struct TextModel
{
	int			length_bytes;
	int			levels;			/* words with bits */
	int			thresholds[MOST_LEVELS];	/* ascending */
	int			text_words;		/* of the text; 0: sketches do not have it */
	uint8		narrow[NARROW]; /* their buckets */
	int			nwide;
	WideBucket	wide[FLEXIBLE_ARRAY_MEMBER];	/* ascending */
} TextModel;

/* A character, and how often it was seen. */
typedef struct Frequency
{
	uint32		code;
	int64		count;
} Frequency;

MMCharCounts *
mm_text_count_start(void)
{
	MMCharCounts *counts = palloc0(sizeof(MMCharCounts));

	counts->allocated = 1024;
	counts->wide = palloc(sizeof(uint32) * counts->allocated);
	return counts;
}

void
mm_text_count(MMCharCounts *counts, const EditString *string, int size)
{
	int			n = Min(string->length, MOST_COUNTED);

	counts->strings++;
	if (size <= MM_TEXT_MOST)
		counts->of_size[size]++;
	counts->longest = Max(counts->longest, string->length);
	if (!string->wide)
	{
		const uint8 *codes = string->codes;

		for (int i = 0; i < n; i++)
			counts->narrow[codes[i]]++;
		return;
	}
	for (int i = 0; i < n; i++)
	{
		uint32		code = ((const uint32 *) string->codes)[i];

		if (code < NARROW)
			counts->narrow[code]++;
		else if (counts->nwide < MOST_WIDE_SEEN)
		{
			if (counts->nwide == counts->allocated)
			{
				counts->allocated *= 2;
				counts->wide = repalloc(counts->wide, sizeof(uint32) * counts->allocated);
			}
			counts->wide[counts->nwide++] = code;
		}
	}
}

static int
compare_codes(const void *a, const void *b)
{
	uint32		x = *(const uint32 *) a;
	uint32		y = *(const uint32 *) b;

	return x < y ? -1 : x > y;
}

/* The most frequent first. */
static int
compare_frequencies(const void *a, const void *b)
{
	const Frequency *x = a;
	const Frequency *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return compare_codes(&x->code, &y->code);
}

static int
compare_wide(const void *a, const void *b)
{
	return compare_codes(&((const WideBucket *) a)->code, &((const WideBucket *) b)->code);
}

static inline uint32
hash_bucket(uint32 code)
{
	return hash_bytes_uint32(code) % BUCKETS;
}

static inline uint32
bucket_of(const TextModel *model, uint32 code)
{
	WideBucket	key = {.code = code};
	const WideBucket *found;

	if (code < NARROW)
		return model->narrow[code];
	found = bsearch(&key, model->wide, model->nwide, sizeof(WideBucket), compare_wide);
	return found != NULL ? found->bucket : hash_bucket(code);
}

/*
 * All characters that were seen, the most frequent first.
 */
static Frequency *
list_frequencies(MMCharCounts *counts, int *n)
{
	Frequency  *list = palloc(sizeof(Frequency) * (NARROW + counts->nwide));

	*n = 0;
	for (int c = 0; c < NARROW; c++)
		if (counts->narrow[c] > 0)
			list[(*n)++] = (Frequency) {c, counts->narrow[c]};
	qsort(counts->wide, counts->nwide, sizeof(uint32), compare_codes);
	for (int i = 0; i < counts->nwide; i++)
	{
		if (i > 0 && counts->wide[i] == counts->wide[i - 1])
			list[*n - 1].count++;
		else
			list[(*n)++] = (Frequency) {counts->wide[i], 1};
	}
	qsort(list, *n, sizeof(Frequency), compare_frequencies);
	return list;
}

/*
 * How many words the text takes, so that most of the sample fits.  Together
 * with the counts it may take a third of the budget: where columns must share an
 * entry, searches by the others pay for its size, too.  Returns 0 if the text
 * would take more, or is too short.
 */
static int
choose_text_words(const MMCharCounts *counts, int budget, int counts_bytes)
{
	int			fit = 0;
	int			most = -1;
	int			words;

	while (fit < counts->strings * TEXT_FITS)
	{
		if (most == MM_TEXT_MOST)
			return 0;
		fit += counts->of_size[++most];
	}
	words = (1 + most + sizeof(uint32) - 1) / sizeof(uint32);
	if (most < TEXT_LEAST || counts_bytes + words * (int) sizeof(uint32) > budget / 3)
		return 0;
	return words;
}

/*
 * What part of the counts of a bucket reaches a threshold, if there are mean of them
 * in a string on average (by the Poisson distribution).
 */
static double
reached(double mean, int threshold)
{
	double		term = exp(-mean);
	double		below = 0.0;

	for (int i = 0; i < threshold; i++)
	{
		below += term;
		term *= mean / (i + 1);
	}
	return Max(1.0 - below, 0.0);
}

/*
 * Choose up to most thresholds for buckets that have so many characters of all
 * strings of the sample.
 */
static void
choose_thresholds(TextModel *model, const int64 *full, int strings, int most)
{
	int			useful[lengthof(thresholds_to_choose)];
	int			n = 0;

	for (int i = 0; i < (int) lengthof(thresholds_to_choose); i++)
	{
		double		part = 0.0;

		for (int b = 0; b < BUCKETS; b++)
			part += reached((double) full[b] / Max(strings, 1), thresholds_to_choose[i]) / BUCKETS;
		if (part >= LEAST_REACHED && part <= 1.0 - LEAST_REACHED)
			useful[n++] = thresholds_to_choose[i];
	}
	if (n == 0)
		useful[n++] = 1;
	model->levels = Min(n, Min(most, MOST_LEVELS));
	for (int j = 0; j < model->levels; j++)
		model->thresholds[j] = useful[j * n / model->levels];
}

void *
mm_text_train(MMCharCounts *counts, int budget, Size *size, MetricSketchShape *shape)
{
	int			n;
	Frequency  *list = list_frequencies(counts, &n);
	int64		full[BUCKETS] = {0};
	int			length_bytes = counts->longest < 255 ? 1 : 2;
	TextModel  *model;

	if (budget < length_bytes + (int) sizeof(uint32))
		return NULL;
	*size = offsetof(TextModel, wide) + sizeof(WideBucket) * MOST_WIDE;
	model = palloc0(*size);
	model->length_bytes = length_bytes;
	for (int c = 0; c < NARROW; c++)
		model->narrow[c] = hash_bucket(c);

	for (int i = 0; i < n; i++)
	{
		int			least = 0;

		for (int b = 1; b < BUCKETS; b++)
			if (full[b] < full[least])
				least = b;
		if (list[i].code < NARROW)
			model->narrow[list[i].code] = least;
		else if (model->nwide < MOST_WIDE)
			model->wide[model->nwide++] = (WideBucket) {list[i].code, least};
		else
			continue;
		full[least] += list[i].count;
	}
	qsort(model->wide, model->nwide, sizeof(WideBucket), compare_wide);
	*size = offsetof(TextModel, wide) + sizeof(WideBucket) * model->nwide;
	choose_thresholds(model, full, counts->strings,
					  (budget - length_bytes) / (int) sizeof(uint32));

	shape->bytes = model->length_bytes;
	shape->words = model->levels;
	shape->later = model->text_words =
		choose_text_words(counts, budget, shape->bytes + shape->words * (int) sizeof(uint32));
	shape->words += model->text_words;
	pfree(list);
	return model;
}

/*
 * Count how many characters of a string each bucket has.
 */
static void
count_buckets(const TextModel *model, const EditString *string, int *counts)
{
	memset(counts, 0, sizeof(int) * BUCKETS);
	if (string->wide)
	{
		const uint32 *codes = string->codes;

		for (int i = 0; i < string->length; i++)
			counts[bucket_of(model, codes[i])]++;
	}
	else
	{
		const uint8 *codes = string->codes;

		for (int i = 0; i < string->length; i++)
			counts[model->narrow[codes[i]]]++;
	}
}

/*
 * Write a text into the words of a sketch: as many of its characters as fit.
 */
static void
keep_text(const TextModel *model, const char *text, int size, uint32 *words)
{
	uint8	   *to = (uint8 *) words;
	int			room = model->text_words * (int) sizeof(uint32) - 1;
	int			kept = size <= room ? size : pg_mbcliplen(text, size, room);

	memset(words, 0, sizeof(uint32) * model->text_words);
	*to++ = kept < size ? kept | TEXT_CUT : kept;
	memcpy(to, text, kept);
}

void
mm_text_sketch(const void *model, const EditString *string, const char *text, int size,
			   uint32 *words, uint8 *bytes)
{
	const TextModel *m = model;
	int			counts[BUCKETS];
	int			most = m->length_bytes == 1 ? 0xff : 0xffff;
	int			length = Min(string->length, most);

	*bytes++ = length & 0xff;
	if (m->length_bytes == 2)
		*bytes++ = length >> 8;
	count_buckets(m, string, counts);
	for (int j = 0; j < m->levels; j++)
	{
		words[j] = 0;
		for (int b = 0; b < BUCKETS; b++)
			if (counts[b] >= m->thresholds[j])
				words[j] |= UINT32_C(1) << b;
	}
	if (m->text_words > 0)
		keep_text(m, text, size, words + m->levels);
}

/*
 * How many characters of a bucket a string can share that has reached so many
 * thresholds, with a query that has count of them.
 */
static inline int
shared_at_level(const TextModel *model, int count, int level)
{
	return level < model->levels ? Min(count, model->thresholds[level] - 1) : count;
}

void *
mm_text_sketch_query(const void *model, const EditString *string)
{
	const TextModel *m = model;
	int			counts[BUCKETS];
	int			most = 0;
	int			shared = 0;
	int			digits;
	MMCountQuery *query;

	count_buckets(m, string, counts);
	for (int b = 0; b < BUCKETS; b++)
	{
		most = Max(most, counts[b]);
		shared += shared_at_level(m, counts[b], 0);
	}
	digits = most > 0 ? pg_leftmost_one_pos32(most) + 1 : 0;
	query = palloc(offsetof(MMCountQuery, masks) + sizeof(MMCountMask) * m->levels * digits);
	query->length = string->length;
	query->length_bytes = m->length_bytes;
	query->shared = shared;
	query->nmasks = 0;
	for (int j = 0; j < m->levels; j++)
		for (int digit = 0; digit < digits; digit++)
		{
			uint32		mask = 0;

			for (int b = 0; b < BUCKETS; b++)
			{
				int			more = shared_at_level(m, counts[b], j + 1) - shared_at_level(m, counts[b], j);

				mask |= (uint32) (more >> digit & 1) << b;
			}
			if (mask != 0)
				query->masks[query->nmasks++] = (MMCountMask) {
					.word = j,
					.digit = digit,
					.mask = mask,
				};
		}
	return query;
}

void
mm_text_bounds(const void *query, const MetricSketchPlanes *planes,
			   float *lower, float *upper)
{
	mm_kernels->planes->counts(query, planes, lower, upper);
}

MMKeptText
mm_text_kept(const void *model)
{
	const TextModel *m = model;

	return (MMKeptText) {
		.words = m->text_words,
		.first = m->levels,
		.length_bytes = m->length_bytes,
	};
}

int
mm_text_read(const MMKeptText *kept, const MetricSketchPlanes *planes, int i,
			 uint32 *words, bool *cut)
{
	const uint8 *first = (const uint8 *) words;
	int			most = kept->words * (int) sizeof(uint32) - 1;
	int			size;

	words[0] = planes->words[kept->first * planes->stride + i];
	*cut = (first[0] & TEXT_CUT) != 0;
	size = Min(first[0] & ~TEXT_CUT, most);
	for (int w = 1; w * (int) sizeof(uint32) <= size; w++)
		words[w] = planes->words[(kept->first + w) * planes->stride + i];
	return size;
}

int
mm_text_length(const MMKeptText *kept, const MetricSketchPlanes *planes, int i)
{
	int			length = planes->bytes[i];

	if (kept->length_bytes == 1)
		return length < 0xff ? length : -1;
	length |= planes->bytes[planes->stride + i] << 8;
	return length < 0xffff ? length : -1;
}
