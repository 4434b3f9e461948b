"""What a command writes: a file whole or not at all, and never in the place of a device."""

import os
import stat
import threading

from tamna.commands.streams import written


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    pipe, read = tmp_path / "out", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    with written(str(pipe)) as out:
        out.write("하나\n")
    reader.join()
    assert read == ["하나\n"] and stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_file_that_is_cut_off_does_not_appear(tmp_path):
    try:
        with written(str(tmp_path / "out")) as out:
            out.write("half")
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert list(tmp_path.iterdir()) == []
