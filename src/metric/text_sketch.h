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
 * those of one more string.
 */
extern MMCharCounts *mm_text_count_start(void);
extern void mm_text_count(MMCharCounts *counts, const EditString *string);

/*
 * mm_text_train: make a model from the counts.
 */
extern void *mm_text_train(MMCharCounts *counts, int budget, Size *size,
						   MetricSketchShape *shape);

extern void mm_text_sketch(const void *model, const EditString *string,
						   uint8 *bytes);
extern void *mm_text_sketch_query(const void *model, const EditString *string);
extern void mm_text_bounds(const void *query, const MetricSketchPlanes *planes,
						   float *lower, float *upper);

#endif							/* MM_TEXT_SKETCH_H */
