# SPDX-License-Identifier: GPL-2.0-only
#
# The pictures of compare.sh, which makes the files with a column a kernel.

set terminal svg size 1100, 600 font "sans,13" background rgb "white"
set datafile separator "\t"
set datafile missing "?"
set rmargin 18
set key outside right top
set grid ytics
N = words(kernels)

set style data histograms
set style histogram clustered gap 1
set style fill solid 0.8
set logscale y
set xtics rotate by -35
set ylabel "instructions a 4K page"
set output "taken.svg"
set title "Taking 4096 pages a call"
plot for [i=1:N] "taken" using i+1:xtic(1) title word(kernels, i)
set output "given-back.svg"
set title "Giving 4096 pages back"
plot for [i=1:N] "given-back" using i+1:xtic(1) title word(kernels, i)

set style data linespoints
set xtics norotate
set logscale x 2
set xtics ("4K" 2**12, "64K" 2**16, "1M" 2**20, "16M" 2**24, "256M" 2**28, \
	   "4G" 2**32)
set key inside top right
set xlabel "buffer, small pages, in one call"
set output "sizes.svg"
set title "Taking pages fast, by the size of the buffer"
plot for [i=1:N] "get-sizes" using 1:i+1 title "get, ".word(kernels, i) \
	lc i dt 2, \
     for [i=1:N] "pin-sizes" using 1:i+1 title "pin, ".word(kernels, i) lc i

set xtics ("4K" 2**12, "2M" 2**21, "1G" 2**30)
set xlabel "size of the page"
set ylabel "instructions for the whole page"
set key inside top left
set output "page-size.svg"
set title "Pinning one page, fast, all of it in one call"
plot for [i=1:N] "pages" using 1:i+1 title word(kernels, i)
