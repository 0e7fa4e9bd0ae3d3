/*-------------------------------------------------------------------------
 *
 * text_sketch.h
 *	  Sketches of strings under edit distance; see text_sketch.c.  The
 *	  functions are the parts of a MetricRoutine, for strings of character
 *	  codes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_TEXT_SKETCH_H
#define MM_TEXT_SKETCH_H

#include "metric/edit.h"
#include "metric/metric.h"

/* Counts of the characters in a sample. */
typedef struct MMCharCounts MMCharCounts;

/*
 * mm_text_count_start, mm_text_count: begin to count characters, and count
 * those of one more string, which is stored in size bytes.
 */
extern MMCharCounts *mm_text_count_start(void);
extern void mm_text_count(MMCharCounts *counts, const EditString *string, int size);

/*
 * mm_text_train: make a model from the counts.
 */
extern void *mm_text_train(MMCharCounts *counts, int budget, Size *size,
						   MetricSketchShape *shape);

/*
 * mm_text_sketch: the sketch of a string, which is stored as text, in size
 * bytes.
 *
 * mm_text_sketch_query, mm_text_bounds: the parts of a routine.
 */
extern void mm_text_sketch(const void *model, const EditString *string,
						   const char *text, int size, uint32 *words, uint8 *bytes);
extern void *mm_text_sketch_query(const void *model, const EditString *string);
extern void mm_text_bounds(const void *query, const MetricSketchPlanes *planes,
						   float *lower, float *upper);

/* The most bytes of a text in a sketch. */
#define MM_TEXT_MOST	127
#define MM_TEXT_WORDS	((1 + MM_TEXT_MOST) / (int) sizeof(uint32))

/*
 * Where the sketches of a model have the text itself.
 */
typedef struct MMKeptText
{
	int			words;			/* 0: they do not have it */
	int			first;			/* of these */
	int			length_bytes;
} MMKeptText;

/*
 * mm_text_kept: does a model keep texts in its sketches, and where?
 */
extern MMKeptText mm_text_kept(const void *model);

/*
 * mm_text_read: read the text in sketch i of planes into words, which has room
 * for MM_TEXT_WORDS.  Returns its number of bytes; they begin at the second of
 * words.  *cut becomes true if these are only the text's beginning.
 *
 * mm_text_length: the number of characters of the whole text, or -1 if the
 * sketch does not tell.
 */
extern int	mm_text_read(const MMKeptText *kept, const MetricSketchPlanes *planes, int i,
						 uint32 *words, bool *cut);
extern int	mm_text_length(const MMKeptText *kept, const MetricSketchPlanes *planes, int i);

#endif							/* MM_TEXT_SKETCH_H */
