#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-only
#
# Run the tests in order through TAP::Harness, the engine of prove, and end in
# a line that counts: N passed, N failed.  A test file that dies, has no plan,
# or exits with a status counts as failed even if each of its points is ok.
#
# run-tests.pl [--all] [TEST...]   names of tests/*.t, with or without .t
#
# Those of tests/all/ want packages of their own: they are run when they are named,
# and with --all.

use strict;
use warnings;
use File::Basename qw(basename dirname);
use TAP::Harness;

$| = 1;
my $dir = $ENV{PP_TESTS} // dirname($0) . '/../tests';
my $all = @ARGV && $ARGV[0] eq '--all' && shift @ARGV;
my @files = map { /\// ? $_ : file_of(s/\.t$//r . '.t') } @ARGV;
unless (@files) {
	@files = sort glob("\Q$dir\E/*.t");
	push @files, sort glob("\Q$dir\E/all/*.t") if $all;
}
if (my @absent = grep { !-x } @files) {
	print STDERR "page_pin: there is no test @absent; ",
		"see tools/testing/page_pin/tests/\n";
	exit 1;
}

sub file_of {
	my ($name) = @_;

	return -e "$dir/all/$name" ? "$dir/all/$name" : "$dir/$name";
}

my ($passed, $failed, $skipped, $began) = (0, 0, 0, 0);

# A point as it comes: those that fail or are skipped, with what follows them.
sub show {
	my ($result, $notes) = @_;

	if ($result->is_test) {
		$$notes = !$result->is_ok;
		print '  ', $result->as_string, "\n"
			if $$notes || $result->has_skip;
	} elsif ($result->is_comment && $$notes) {
		print '  ', $result->as_string, "\n";
	} elsif ($result->is_bailout) {
		print '  ', $result->as_string, "\n";
	}
}

my $harness = TAP::Harness->new({
	verbosity => -3,
	merge => 0,
	exec => sub { [ $_[1] ] },
});

$harness->callback(made_parser => sub {
	my ($parser, $job) = @_;
	my ($name, $notes) = (basename($job->[0]), 0);

	print "$name ...\n";
	$began = time;
	$parser->callback(ALL => sub { show($_[0], \$notes) });
	$parser->callback(EOF => sub { count($name, $_[0]) });
});

# Count one file's points.  What the points do not tell counts as one failure.
sub count {
	my ($name, $parser) = @_;
	my $skips = scalar $parser->skipped;
	my $bad = scalar $parser->failed;
	my @reasons = $parser->parse_errors;

	push @reasons, 'exit status ' . $parser->exit if $parser->exit && !$bad;
	push @reasons, 'killed by signal ' . ($parser->wait & 127)
		if $parser->wait & 127;
	if ($parser->skip_all) {
		print "  skipped: ", $parser->skip_all, "\n";
		$skips++;
	} elsif (!$parser->tests_run && !@reasons) {
		push @reasons, 'no test point';
	}
	print "  $name: $_\n" for @reasons;
	my $good = $parser->passed - $parser->skipped;
	$bad++ if @reasons;
	printf "%s %s: %d passed, %d failed, %d s\n", $name,
		$bad ? 'FAILED' : 'ok', $good, $bad, time - $began;
	$passed += $good;
	$failed += $bad;
	$skipped += $skips;
}

my $aggregate = $harness->runtests(@files);
$failed ||= 1 unless @files && $aggregate->all_passed;
print "$passed passed, $failed failed", $skipped ? ", $skipped skipped" : '',
	"\n";
exit($failed || !$passed ? 1 : 0);
