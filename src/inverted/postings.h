/*-------------------------------------------------------------------------
 *
 * postings.h
 *	  Postings, and how a part of a list is written as bytes (layout.h).
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_POSTINGS_H
#define MM_POSTINGS_H

#include "inverted/layout.h"

/*
 * A posting.  Its key is the token and, in the lower 16 bits, the size class.
 */
typedef struct MMPosting
{
	uint64		key;
	MMPlace		place;
} MMPosting;

#define MM_POSTING_KEY(token, size_class)	((uint64) (token) << 16 | (size_class))
#define MM_POSTING_TOKEN(key)				((uint32) ((key) >> 16))
#define MM_POSTING_CLASS(key)				((int) ((key) & 0xFFFF))

static inline bool
mm_posting_precedes(const MMPosting *a, const MMPosting *b)
{
	return a->key != b->key ? a->key < b->key : a->place < b->place;
}

/*
 * Postings in ascending order, from wherever they come.
 */
typedef struct MMPostings
{
	bool		(*next) (struct MMPostings *postings, MMPosting *posting);
} MMPostings;

/* No posting takes more bytes. */
#define MM_POSTING_BYTES	7

/* Postings of a chunk, at most. */
#define MM_CHUNK_POSTINGS	256

/*
 * A part of a list that is being written.
 */
typedef struct MMEncoder
{
	uint8	   *bytes;
	int			length;
	uint32		window;
	int			count;			/* where the last chunk has its count; 0: no chunk */
} MMEncoder;

/*
 * mm_encode: append a place, which is not less than the last one.  There must
 * be room for MM_POSTING_BYTES.
 */
static inline void
mm_encode(MMEncoder *encoder, MMPlace place)
{
	uint32		window = (uint32) (place >> MM_WINDOW_BITS);
	uint16		low = (uint16) place;

	if (encoder->count == 0 || window != encoder->window ||
		encoder->bytes[encoder->count] == MM_CHUNK_POSTINGS - 1)
	{
		uint32		difference = window - encoder->window;

		for (; difference >= 0x80; difference >>= 7)
			encoder->bytes[encoder->length++] = (difference & 0x7F) | 0x80;
		encoder->bytes[encoder->length++] = difference;
		encoder->window = window;
		encoder->count = encoder->length++;
		encoder->bytes[encoder->count] = 0;
	}
	else
		encoder->bytes[encoder->count]++;
	memcpy(encoder->bytes + encoder->length, &low, sizeof(low));
	encoder->length += sizeof(low);
}

/*
 * A part of a list that is being read, and the chunk at hand.
 */
typedef struct MMDecoder
{
	const uint8 *at;			/* the next chunk */
	const uint8 *end;
	uint32		window;
	int			n;
	const uint8 *lows;			/* uint16, not aligned */
} MMDecoder;

/*
 * mm_decode: go on to the next chunk.  Returns false at the end, or if the
 * bytes are no chunks; then end is NULL.
 */
static inline bool
mm_decode(MMDecoder *decoder)
{
	const uint8 *at = decoder->at;
	const uint8 *end = decoder->end;
	uint32		difference = 0;

	if (at == end)
		return false;
	for (int shift = 0; shift < 28 && at < end; shift += 7)
	{
		difference |= (uint32) (*at & 0x7F) << shift;
		if (*at++ < 0x80)
			break;
	}
	decoder->window += difference;
	if (at < end && at[-1] < 0x80 && decoder->window < MM_WINDOWS)
	{
		decoder->n = *at++ + 1;
		decoder->lows = at;
		if (decoder->n * (int) sizeof(uint16) <= end - at)
		{
			decoder->at = at + decoder->n * sizeof(uint16);
			return true;
		}
	}
	decoder->end = NULL;
	return false;
}

static inline uint16
mm_decoded_low(const MMDecoder *decoder, int i)
{
	uint16		low;

	memcpy(&low, decoder->lows + i * sizeof(low), sizeof(low));
	return low;
}

static inline MMPlace
mm_decoded_place(const MMDecoder *decoder, int i)
{
	return (MMPlace) decoder->window << MM_WINDOW_BITS | mm_decoded_low(decoder, i);
}

#endif							/* MM_POSTINGS_H */
