# Draws one diagram; bench/plot says of what.

set terminal svg size 700,600 font 'sans,13' background 'white'
set output image
set logscale xy
set format x '%g'
set format y '%g'
set xlabel what
set ylabel 'median latency, ms'
set title name . ': mmdb and others'
set key outside below maxcols 2
set grid
stats points using 1 nooutput
plot for [i = 0 : STATS_blocks - 1] points index i using 1:2 with linespoints linewidth 1.5 title columnheader(1)
