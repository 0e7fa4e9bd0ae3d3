/*-------------------------------------------------------------------------
 *
 * text.h
 *	  The metric of text, for types that are compared as text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_TEXT_H
#define MM_TEXT_H

#include "metric/metric.h"

/* text.c */
extern const MetricRoutine mm_text_edit_metric;

#endif							/* MM_TEXT_H */
