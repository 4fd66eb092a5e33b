// A WHIP publisher of pion: sends a recording of H.264 and Opus again and again, and prints what
// became of it as JSON. Its candidates are trickled: the offer has none.
//
//	pion_publisher -video FILE.h264 -audio FILE.ogg -seconds 10 [-restart-at 5] URL
//
// The pictures come 30 times a second, each in one slice; the pages of the sound have 20 ms each.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"sync"
	"time"

	"github.com/pion/webrtc/v3"
	"github.com/pion/webrtc/v3/pkg/media"
	"github.com/pion/webrtc/v3/pkg/media/h264reader"
	"github.com/pion/webrtc/v3/pkg/media/oggreader"

	"sluice/pion_viewer/signalling"
)

type report struct {
	State string `json:"state"`
	Left  bool   `json:"left"`
	// Statuses that trickled candidates were answered with.
	Trickled []int `json:"trickled"`
	// Of the restart of ICE; 0 without one.
	Restarted int    `json:"restarted"`
	Failure   string `json:"failure,omitempty"`
}

var (
	videoPath = flag.String("video", "", "byte stream of H.264")
	audioPath = flag.String("audio", "", "Opus in Ogg")
	seconds   = flag.Float64("seconds", 10, "how long it publishes")
	restartAt = flag.Float64("restart-at", 0, "restarts ICE after so many seconds; never by default")
)

const (
	pictureTime = time.Second / 30
	soundTime   = 20 * time.Millisecond
)

func main() {
	flag.Parse()
	told := &report{State: "new"}
	if err := publish(flag.Arg(0), told); err != nil {
		told.Failure = err.Error()
	}
	if err := json.NewEncoder(os.Stdout).Encode(told); err != nil || told.Failure != "" {
		os.Exit(1)
	}
}

// A session at the server, and what both sides have said last.
type session struct {
	// Held while one side is told what the other has said.
	lock     sync.Mutex
	peer     *webrtc.PeerConnection
	resource string
	etag     string
	answer   string
}

func publish(url string, told *report) error {
	settings := webrtc.SettingEngine{}
	settings.SetIncludeLoopbackCandidate(true)
	codecs := &webrtc.MediaEngine{}
	if err := codecs.RegisterDefaultCodecs(); err != nil {
		return err
	}
	api := webrtc.NewAPI(webrtc.WithMediaEngine(codecs), webrtc.WithSettingEngine(settings))
	peer, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return err
	}
	defer peer.Close()
	video, err := send(peer, webrtc.MimeTypeH264, "video")
	if err != nil {
		return err
	}
	audio, err := send(peer, webrtc.MimeTypeOpus, "audio")
	if err != nil {
		return err
	}
	candidates := make(chan string, 64)
	peer.OnICECandidate(func(candidate *webrtc.ICECandidate) {
		if candidate != nil {
			candidates <- candidate.ToJSON().Candidate
		}
	})
	connected := make(chan struct{})
	var first sync.Once
	peer.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			first.Do(func() { close(connected) })
		}
	})
	session, err := offer(peer, url)
	if err != nil {
		return err
	}
	defer func() {
		told.State = peer.ConnectionState().String()
		response, _, err := signalling.Request(http.MethodDelete, session.resource, "", "")
		told.Left = err == nil && response.StatusCode == http.StatusOK
	}()
	failed := make(chan error, 3)
	go func() { failed <- session.trickle(candidates, told) }()
	select {
	case <-connected:
	case err := <-failed:
		return err
	case <-time.After(15 * time.Second):
		return errors.New("not connected within 15 s")
	}
	go func() { failed <- sendPictures(video) }()
	go func() { failed <- sendSound(audio) }()
	end := time.After(time.Duration(*seconds * float64(time.Second)))
	var restart <-chan time.Time
	if *restartAt > 0 {
		restart = time.After(time.Duration(*restartAt * float64(time.Second)))
	}
	for {
		select {
		case <-restart:
			if err := session.restartIce(told); err != nil {
				return err
			}
		case err := <-failed:
			return err
		case <-end:
			return nil
		}
	}
}

func send(peer *webrtc.PeerConnection, codec, kind string) (*webrtc.TrackLocalStaticSample, error) {
	capability := webrtc.RTPCodecCapability{MimeType: codec}
	track, err := webrtc.NewTrackLocalStaticSample(capability, kind, "recording")
	if err != nil {
		return nil, err
	}
	transceiver, err := peer.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{
		Direction: webrtc.RTPTransceiverDirectionSendonly,
	})
	if err != nil {
		return nil, err
	}
	// What it is asked to send again is sent by whom its reports are read by.
	go func() {
		for {
			if _, _, err := transceiver.Sender().ReadRTCP(); err != nil {
				return
			}
		}
	}()
	return track, nil
}

// Offers without candidates, and takes the answer.
func offer(peer *webrtc.PeerConnection, url string) (*session, error) {
	offer, err := peer.CreateOffer(nil)
	if err != nil {
		return nil, err
	}
	if err := peer.SetLocalDescription(offer); err != nil {
		return nil, err
	}
	response, answer, err := signalling.Request(
		http.MethodPost, url, "application/sdp", offer.SDP,
	)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusCreated {
		return nil, fmt.Errorf("%d: %s", response.StatusCode, answer)
	}
	location, err := response.Location()
	if err != nil {
		return nil, err
	}
	etag := response.Header.Get("ETag")
	session := &session{peer: peer, resource: location.String(), etag: etag, answer: answer}
	description := webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}
	return session, peer.SetRemoteDescription(description)
}

// Tells candidates as they are found.
func (session *session) trickle(candidates <-chan string, told *report) error {
	for candidate := range candidates {
		session.lock.Lock()
		body := signalling.Credentials(session.peer.LocalDescription().SDP) +
			"m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=" + candidate + "\r\n"
		response, text, err := signalling.Patch(session.resource, session.etag, body)
		session.lock.Unlock()
		if err != nil {
			return err
		}
		told.Trickled = append(told.Trickled, response.StatusCode)
		if response.StatusCode != http.StatusNoContent {
			return fmt.Errorf("%d: %s", response.StatusCode, text)
		}
	}
	return nil
}

// New names on both sides; the answer is the one before, but for them.
func (session *session) restartIce(told *report) error {
	session.lock.Lock()
	defer session.lock.Unlock()
	offer, err := session.peer.CreateOffer(&webrtc.OfferOptions{ICERestart: true})
	if err != nil {
		return err
	}
	if err := session.peer.SetLocalDescription(offer); err != nil {
		return err
	}
	credentials := signalling.Credentials(offer.SDP)
	response, fragment, err := signalling.Patch(session.resource, "*", credentials)
	if err != nil {
		return err
	}
	told.Restarted = response.StatusCode
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%d: %s", response.StatusCode, fragment)
	}
	session.etag = response.Header.Get("ETag")
	for _, name := range []string{"ice-ufrag", "ice-pwd"} {
		line := regexp.MustCompile(`(?m)^a=` + name + `:.*\r\n`)
		session.answer = line.ReplaceAllLiteralString(session.answer, line.FindString(fragment))
	}
	return session.peer.SetRemoteDescription(webrtc.SessionDescription{
		Type: webrtc.SDPTypeAnswer, SDP: session.answer,
	})
}

func sendPictures(track *webrtc.TrackLocalStaticSample) error {
	return again(*videoPath, pictureTime, func(file io.Reader) (func() ([]byte, error), error) {
		reader, err := h264reader.NewReader(file)
		if err != nil {
			return nil, err
		}
		return func() ([]byte, error) {
			var picture []byte
			for {
				unit, err := reader.NextNAL()
				if err != nil {
					return nil, err
				}
				picture = append(append(picture, 0, 0, 0, 1), unit.Data...)
				if unit.UnitType == h264reader.NalUnitTypeCodedSliceIdr ||
					unit.UnitType == h264reader.NalUnitTypeCodedSliceNonIdr {
					return picture, nil
				}
			}
		}, nil
	}, track)
}

func sendSound(track *webrtc.TrackLocalStaticSample) error {
	return again(*audioPath, soundTime, func(file io.Reader) (func() ([]byte, error), error) {
		reader, _, err := oggreader.NewWith(file)
		if err != nil {
			return nil, err
		}
		// The second page has comments.
		if _, _, err := reader.ParseNextPage(); err != nil {
			return nil, err
		}
		return func() ([]byte, error) {
			page, _, err := reader.ParseNextPage()
			return page, err
		}, nil
	}, track)
}

// Sends what a file has at an even pace, from the beginning again at its end.
func again(
	path string,
	every time.Duration,
	open func(io.Reader) (func() ([]byte, error), error),
	track *webrtc.TrackLocalStaticSample,
) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		next, err := open(file)
		for err == nil {
			var data []byte
			if data, err = next(); err != nil {
				break
			}
			<-ticker.C
			err = track.WriteSample(media.Sample{Data: data, Duration: every})
		}
		file.Close()
		if !errors.Is(err, io.EOF) {
			return err
		}
	}
}
