/*-------------------------------------------------------------------------
 *
 * edit.c
 *	  Bit-parallel edit distance; see edit.h.
 *
 * The dynamic program fills a matrix D with a row for each character of the
 * pattern and a column for each of the text.  Neighbours differ by at most
 * one, so a column is kept as two bit vectors: one tells where D grows by one
 * from a row to the next (vp), the other where it shrinks (vn).  One word
 * advances 64 rows of a column in about 15 operations.
 *
 * The rows are cut into strips of up to STRIP_WORDS words, whose state lives
 * in registers.  A pattern of up to 256 characters is one strip.  A longer one
 * is done strip after strip.  Between strips, the workspace keeps for every
 * column by how much D differs from the column before, at the strip's last row
 * (h: -1, 0 or 1).
 *
 * Common beginnings and ends of two long strings cost nothing, so only what
 * lies between them is compared.  The strips then begin at the first row that
 * differs.
 *
 * With a bound k, only cells with |row - column| <= k can lie on a path of
 * cost at most k.  A strip thus skips the columns left and right of the band.
 * There, the strip starts, and the next strip is fed, as if D grew by one at
 * each step.  That can only raise values, and it leaves all paths inside the
 * band as they are.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "metric/edit.h"

#define STRIP_WORDS		4
#define STRIP_ROWS		(64 * STRIP_WORDS)

/*
 * How many columns are done between two checks for interrupts, and between two
 * looks at the bound.
 */
#define CHUNK_COLUMNS	32768
#define BOUND_COLUMNS	32

/*
 * The masks tell, for each character, which of the strip's rows have it.  A
 * code below 256 has the row of masks of its number.  One row of masks is for
 * all characters that are not in the strip.  Further rows are for wider codes,
 * which are found by hashing.
 */
#define ABSENT			256
#define FIRST_WIDE		257
#define HASH_SLOTS		512		/* at most half of them used */

typedef struct WideSlot
{
	uint32		code;			/* 0: free (wide codes are above 255) */
	uint32		row;
} WideSlot;

struct EditPattern
{
	EditString	string;
	int			strip;			/* first character of the strip in masks */
	int			words;			/* words of each row of masks */
	int			nwide;			/* wide rows in use */
	WideSlot   *wide;			/* HASH_SLOTS of them, or NULL if narrow */
	uint64	   *masks;
};

static inline int
pattern_words(int length)
{
	return length >= STRIP_ROWS ? STRIP_WORDS : (length + 63) / 64;
}

static inline uint32
code_at(const EditString *s, int i)
{
	return s->wide ? ((const uint32 *) s->codes)[i] : ((const uint8 *) s->codes)[i];
}

/*
 * The slot of a wide code, or the free slot where it belongs.
 */
static inline WideSlot *
find_slot(const EditPattern *p, uint32 code)
{
	uint32		i = (code * 0x9E3779B1u) >> 23; /* 9 bits: HASH_SLOTS */

	while (p->wide[i].code != code && p->wide[i].code != 0)
		i = (i + 1) % HASH_SLOTS;
	return &p->wide[i];
}

/*
 * The row of masks for a character of the text.
 */
static inline uint32
mask_row(const EditPattern *p, uint32 code)
{
	WideSlot   *slot;

	if (code < 256)
		return code;
	if (p->wide == NULL)
		return ABSENT;
	slot = find_slot(p, code);
	return slot->code == code ? slot->row : ABSENT;
}

static inline int
mask_rows(const EditString *pattern)
{
	return FIRST_WIDE + (pattern->wide ? Min(pattern->length, STRIP_ROWS) : 0);
}

Size
mm_edit_pattern_size(const EditString *pattern)
{
	return MAXALIGN(sizeof(EditPattern)) +
		(pattern->wide ? sizeof(WideSlot) * HASH_SLOTS : 0) +
		sizeof(uint64) * pattern_words(pattern->length) * mask_rows(pattern);
}

/*
 * Fill the masks, which are all zero before, for the strip that begins at row
 * first.
 */
static void
load_strip(EditPattern *p, int first)
{
	int			end = Min(first + STRIP_ROWS, p->string.length);

	p->strip = first;
	p->nwide = 0;
	for (int i = first; i < end; i++)
	{
		uint32		row = code_at(&p->string, i);

		if (row >= 256)
		{
			WideSlot   *slot = find_slot(p, row);

			if (slot->code == 0)
			{
				slot->code = row;
				slot->row = FIRST_WIDE + p->nwide++;
			}
			row = slot->row;
		}
		p->masks[row * p->words + (i - first) / 64] |= UINT64CONST(1) << ((i - first) % 64);
	}
}

/*
 * Make the masks all zero again.
 */
static void
unload_strip(EditPattern *p)
{
	int			end = Min(p->strip + STRIP_ROWS, p->string.length);

	for (int i = p->strip; i < end; i++)
		memset(p->masks + mask_row(p, code_at(&p->string, i)) * p->words, 0,
			   sizeof(uint64) * p->words);
	if (p->wide != NULL)
		memset(p->wide, 0, sizeof(WideSlot) * HASH_SLOTS);
}

EditPattern *
mm_edit_prepare(const EditString *pattern, void *memory)
{
	EditPattern *p = memory;
	char	   *rest = (char *) memory + MAXALIGN(sizeof(EditPattern));

	memset(memory, 0, mm_edit_pattern_size(pattern));
	p->string = *pattern;
	p->words = pattern_words(pattern->length);
	if (pattern->wide)
	{
		p->wide = (WideSlot *) rest;
		rest += sizeof(WideSlot) * HASH_SLOTS;
	}
	p->masks = (uint64 *) rest;
	load_strip(p, 0);
	return p;
}

Size
mm_edit_workspace_size(const EditPattern *pattern, int length)
{
	return pattern->string.length > STRIP_ROWS ? length : 0;
}

/*
 * Advance one word of a column by one column of the matrix.  eq has the rows
 * with the text's character; vp and vn are the word's state.  level and down
 * say how D changes from the column before along the row above the word: it
 * does not grow (level), it shrinks (down).  flat and shrinks become the same
 * for all rows of the word, and level and down for its last row.
 *
 * The steps from vp to the next vp are ordered for a short chain of
 * dependencies, as that is where short strings spend their time.
 */
#define ADVANCE_WORD(mask, vp, vn) \
	do { \
		uint64		eq = (mask) | down; \
		uint64		d0 = (((eq & vp) + vp) ^ vp) | (eq | vn); \
		uint64		shifted; \
		\
		flat = (d0 | vp) & ~vn; \
		shrinks = vp & d0; \
		shifted = (flat << 1) | level; \
		vp = ((shrinks << 1) | down) | (shifted & ~d0); \
		vn = d0 & ~shifted; \
		level = flat >> 63; \
		down = shrinks >> 63; \
	} while (0)

/* The state of a strip: one column of it. */
typedef struct Column
{
	uint64		vp[STRIP_WORDS];
	uint64		vn[STRIP_WORDS];
} Column;

/*
 * Advance a column of the given number of words over text[from .. to).  h has
 * the difference along the row above the strip, and gets the one along the
 * strip's last row instead.  A NULL stands for 1 everywhere (the matrix's
 * first row), and then nothing is kept.
 *
 * words, wide and h are constants where this is inlined, so the state stays in
 * registers and the tests vanish.
 */
static pg_attribute_always_inline void
advance_inline(const EditPattern *p, int words, bool wide, const void *text,
			   int from, int to, int8 *h, int last_bit, Column *column)
{
	const uint64 *masks = p->masks;
	uint64		vp0 = column->vp[0],
				vp1 = column->vp[1],
				vp2 = column->vp[2],
				vp3 = column->vp[3];
	uint64		vn0 = column->vn[0],
				vn1 = column->vn[1],
				vn2 = column->vn[2],
				vn3 = column->vn[3];

	for (int j = from; j < to; j++)
	{
		uint32		row = wide ? mask_row(p, ((const uint32 *) text)[j]) : ((const uint8 *) text)[j];
		const uint64 *eqs = masks + (Size) row * (h == NULL ? words : STRIP_WORDS);
		uint64		level = h != NULL && h[j] <= 0;
		uint64		down = h != NULL && h[j] < 0;
		uint64		flat = 0,
					shrinks = 0;

		ADVANCE_WORD(eqs[0], vp0, vn0);
		if (words > 1)
			ADVANCE_WORD(eqs[1], vp1, vn1);
		if (words > 2)
			ADVANCE_WORD(eqs[2], vp2, vn2);
		if (words > 3)
			ADVANCE_WORD(eqs[3], vp3, vn3);

		if (h != NULL)
			h[j] = (int8) (1 - ((flat >> last_bit) & 1) - ((shrinks >> last_bit) & 1));
	}

	column->vp[0] = vp0;
	column->vp[1] = vp1;
	column->vp[2] = vp2;
	column->vp[3] = vp3;
	column->vn[0] = vn0;
	column->vn[1] = vn1;
	column->vn[2] = vn2;
	column->vn[3] = vn3;
}

/*
 * Call the version for this number of words and kind of text.  rows is the
 * number of the strip's rows.
 */
static inline void
advance(const EditPattern *p, int rows, const EditString *text,
		int from, int to, int8 *h, Column *column)
{
	int			last_bit = (rows - 1) % 64;

#define CASE(n) \
		case n: \
			if (text->wide) \
			{ \
				if (h == NULL) \
					advance_inline(p, n, true, text->codes, from, to, NULL, 0, column); \
				else \
					advance_inline(p, n, true, text->codes, from, to, h, last_bit, column); \
			} \
			else if (h == NULL) \
				advance_inline(p, n, false, text->codes, from, to, NULL, 0, column); \
			else \
				advance_inline(p, n, false, text->codes, from, to, h, last_bit, column); \
			break

	switch ((rows + 63) / 64)
	{
			CASE(1);
			CASE(2);
			CASE(3);
			CASE(4);
	}
#undef CASE
}

/*
 * How much D grows down the column, from above the strip to its last row.
 */
static inline int
column_growth(int rows, const Column *column)
{
	int			growth = 0;

	for (int w = 0; w * 64 < rows; w++)
	{
		uint64		mask = rows - w * 64 >= 64 ? ~UINT64CONST(0) :
			(UINT64CONST(1) << (rows - w * 64)) - 1;

		growth += pg_popcount64(column->vp[w] & mask);
		growth -= pg_popcount64(column->vn[w] & mask);
	}
	return growth;
}

/*
 * Set up a column in which D grows by one at each row, like the first of the
 * matrix.
 */
static inline void
column_init(Column *column)
{
	memset(column->vp, 0xff, sizeof(column->vp));
	memset(column->vn, 0, sizeof(column->vn));
}

/*
 * The distance if the pattern is one word and the text is short.  This is the
 * common case of words and names, so it does only what is essential.
 */
static pg_attribute_always_inline int
one_word(const EditPattern *p, bool wide, const void *text, int n)
{
	uint64		mask = ~UINT64CONST(0) >> (64 - p->string.length);
	uint64		vp = ~UINT64CONST(0);
	uint64		vn = 0;

	for (int j = 0; j < n; j++)
	{
		uint32		row = wide ? mask_row(p, ((const uint32 *) text)[j]) : ((const uint8 *) text)[j];
		uint64		level = 0,
					down = 0,
					flat,
					shrinks;

		ADVANCE_WORD(p->masks[row], vp, vn);
	}
	return n + (int) pg_popcount64(vp & mask) - (int) pg_popcount64(vn & mask);
}

/*
 * How many edits the characters of the text alone show to be needed; the
 * pattern is one word.  Each character of the text that the pattern does not
 * have costs a substitution or a deletion.  Each character by which the
 * pattern is longer than the text costs an insertion besides.
 */
static int
unmatched(const EditPattern *p, const EditString *text)
{
	int			count = 0;

	for (int j = 0; j < text->length; j++)
		count += p->masks[mask_row(p, code_at(text, j))] == 0;
	return count + Max(p->string.length - text->length, 0);
}

/*
 * The distance if the pattern is one strip.
 */
static int
one_strip(EditPattern *p, const EditString *text, int bound)
{
	int			m = p->string.length;
	int			n = text->length;
	int			step = bound < 0 ? CHUNK_COLUMNS : BOUND_COLUMNS;
	int			done = 0;
	Column		column;

	column_init(&column);
	while (n - done > step)
	{
		advance(p, m, text, done, done + step, NULL, &column);
		done += step;
		if (bound >= 0)
		{
			/* D(m, n) is at least D(m, done) - (n - done). */
			int			least = done + column_growth(m, &column) - (n - done);

			if (least > bound)
				return least;
		}
		CHECK_FOR_INTERRUPTS();
	}
	advance(p, m, text, done, n, NULL, &column);
	return n + column_growth(m, &column);
}

/*
 * How many characters two strings have in common at their beginning and then,
 * in what is left of them, at their end.
 */
static void
common_ends(const EditString *a, const EditString *b, int *prefix, int *suffix)
{
	int			shorter = Min(a->length, b->length);
	int			n = 0;

	for (; n < shorter && code_at(a, n) == code_at(b, n); n++)
		if (n % CHUNK_COLUMNS == 0)
			CHECK_FOR_INTERRUPTS();
	*prefix = n;
	shorter -= n;
	for (n = 0; n < shorter; n++)
	{
		if (code_at(a, a->length - 1 - n) != code_at(b, b->length - 1 - n))
			break;
		if (n % CHUNK_COLUMNS == 0)
			CHECK_FOR_INTERRUPTS();
	}
	*suffix = n;
}

/*
 * Some characters of a string.
 */
static inline EditString
part(const EditString *s, int first, int length)
{
	return (EditString) {
		.length = length,
		.wide = s->wide,
		.codes = (const char *) s->codes + (Size) first * (s->wide ? sizeof(uint32) : 1),
	};
}

/*
 * The distance if the pattern is several strips.
 */
static int
many_strips(EditPattern *p, const EditString *whole, int bound, int8 *h)
{
	int			prefix;
	int			suffix;
	int			m;
	int			n;
	EditString	rest;
	const EditString *text = &rest;
	int			start = 0;		/* D is known at row "above", column start */
	int			value = 0;		/* D there */

	common_ends(&p->string, whole, &prefix, &suffix);
	m = p->string.length - prefix - suffix;
	n = whole->length - prefix - suffix;
	if (m == 0 || n == 0)
		return Max(m, n);
	rest = part(whole, prefix, n);
	if (bound < 0 || bound > Max(m, n))
		bound = Max(m, n);
	memset(h, 1, n);

	for (int above = 0; above < m; above += STRIP_ROWS)
	{
		int			rows = Min(STRIP_ROWS, m - above);
		int			from = Max(0, above - bound);	/* at most n, as m - n <= bound */
		int			to = (int) Min((int64) above + rows + bound, n);
		Column		column;

		for (; start < from; start++)
			value += h[start];

		if (p->strip != prefix + above)
		{
			unload_strip(p);
			load_strip(p, prefix + above);
		}
		column_init(&column);
		for (int j = from; j < to; j += CHUNK_COLUMNS)
		{
			advance(p, rows, text, j, Min(j + CHUNK_COLUMNS, to), h, &column);
			CHECK_FOR_INTERRUPTS();
		}
		if (to < n)
			memset(h + to, 1, n - to);
		value += rows;			/* down column start */
	}

	for (; start < n; start++)
		value += h[start];
	return value;
}

int
mm_edit_distance(EditPattern *p, const EditString *text, int bound, void *workspace)
{
	int			m = p->string.length;
	int			n = text->length;
	int			difference = abs(m - n);

	if (m == 0 || n == 0 || (bound >= 0 && difference > bound))
		return difference;
	if (m <= 64 && bound >= 0)
	{
		int			least = unmatched(p, text);

		if (least > bound)
			return least;
	}
	if (m <= 64 && n <= BOUND_COLUMNS)
		return text->wide ? one_word(p, true, text->codes, n) :
			one_word(p, false, text->codes, n);
	if (m <= STRIP_ROWS)
		return one_strip(p, text, bound);
	return many_strips(p, text, bound, workspace);
}

/*
 * The edits that turn the pattern into such a string turn some beginning of the
 * pattern into text, and what is left of it into the rest.  The matrix's last
 * column has what the first part costs, for each beginning.  The second costs at
 * least the difference of the lengths.
 */
int
mm_edit_beginning(const EditPattern *p, const EditString *text, int rest)
{
	int			m = p->string.length;
	int			n = text->length;
	int			value = n;
	int			least = n + abs(m - rest);
	Column		column;

	if (m == 0 || m > STRIP_ROWS || n > CHUNK_COLUMNS)
		return abs(m - n - rest);
	column_init(&column);
	advance(p, m, text, 0, n, NULL, &column);
	for (int i = 0; i < m; i++)
	{
		value += (column.vp[i / 64] >> (i % 64)) & 1;
		value -= (column.vn[i / 64] >> (i % 64)) & 1;
		least = Min(least, value + abs(m - (i + 1) - rest));
	}
	return least;
}
